// SPDX-License-Identifier: Apache-2.0
// The programs of a space, one after the other or at random.
#include "hunt/program.h"

namespace mmcheck::hunt {

namespace {

/// Partitions of `operations` into at most `threads` parts, each of them descending; those with
/// more threads first, as it takes several to race.
void add_shapes(unsigned operations, unsigned largest, unsigned threads,
                std::vector<unsigned>& shape, std::vector<std::vector<unsigned>>& shapes) {
  if (operations == 0) {
    shapes.push_back(shape);
    return;
  }
  if (threads == 0) return;
  for (unsigned part = 1; part <= std::min(operations, largest); ++part) {
    shape.push_back(part);
    add_shapes(operations - part, part, threads - 1, shape, shapes);
    shape.pop_back();
  }
}

std::vector<std::vector<unsigned>> shapes_of(unsigned operations, unsigned threads) {
  std::vector<std::vector<unsigned>> shapes;
  std::vector<unsigned> shape;
  add_shapes(operations, operations, threads, shape, shapes);
  return shapes;
}

void fill(Program& program, std::uint8_t start, const std::vector<unsigned>& shape,
          const std::vector<LetterId>& digits) {
  program.start = start;
  program.threads.resize(shape.size());
  auto digit = digits.begin();
  for (std::size_t thread = 0; thread < shape.size(); ++thread) {
    program.threads[thread].assign(digit, digit + shape[thread]);
    digit += shape[thread];
  }
}

}  // namespace

Enumeration::Enumeration(const Space& space, unsigned operations)
    : space_(space),
      shapes_(shapes_of(operations, space.bounds().threads)),
      digits_(operations, LetterId{0}) {}

bool Enumeration::advance() {
  for (std::size_t i = digits_.size(); i-- > 0;) {
    if (++digits_[i] < space_.letters().size()) return true;
    digits_[i] = 0;
  }
  return next_shape();
}

bool Enumeration::next_shape() {
  if (++start_ < space_.starts().size()) return true;
  start_ = 0;
  return ++shape_ < shapes_.size();
}

bool Enumeration::load() {
  fill(program_, space_.starts()[start_], shapes_[shape_], digits_);
  return program_.is_sorted() && space_.fits(program_);
}

const Program* Enumeration::next() {
  if (shape_ == shapes_.size()) return nullptr;
  while (fresh_ || advance()) {
    fresh_ = false;
    if (load()) return &program_;
  }
  return nullptr;
}

Sampling::Sampling(const Space& space, unsigned operations, std::uint64_t seed)
    : space_(space),
      shapes_(shapes_of(operations, space.bounds().threads)),
      operations_(operations),
      random_(seed) {}

const Program& Sampling::next() {
  const auto draw = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  };
  std::vector<LetterId> digits(operations_);
  do {
    for (LetterId& digit : digits) digit = static_cast<LetterId>(draw(space_.letters().size()));
    const std::uint8_t start = space_.starts()[draw(space_.starts().size())];
    const std::vector<unsigned>& shape = shapes_[draw(shapes_.size())];
    fill(program_, start, shape, digits);
  } while (!program_.is_sorted() || !space_.fits(program_));
  return program_;
}

}  // namespace mmcheck::hunt
