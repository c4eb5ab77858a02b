// SPDX-License-Identifier: Apache-2.0
#include "guest/runtime.h"

#include <unistd.h>

#include <cstring>

#include "base/error.h"

namespace mmcheck::guest {

namespace {

constexpr std::size_t kTextMax = 40;  ///< of a line of source, in reports
constexpr std::size_t kOutputMax = std::size_t{1} << 20;

thread_local Runtime* current_runtime = nullptr;

void format_place(const trace::Names& names, std::uint64_t value, std::string& out) {
  out += names.find(trace::NameSpace::Code, value);
}

void format_unit(const trace::Names& names, std::uint64_t value, std::string& out) {
  const std::string_view name = names.find(trace::NameSpace::Object, value);
  out += name.empty() ? "memory" : name;
}

}  // namespace

Runtime* Runtime::current() { return current_runtime; }

Runtime::Runtime(Module& module, Symbols& symbols, const RuntimeOptions& options)
    : module_(module),
      symbols_(symbols),
      options_(options),
      memory_(options.memory),
      heap_(kThreadsMax),
      tls_(kThreadsMax * ((module.tls_bytes() + 63) / 64 * 64)),
      output_(kOutputMax, '\0') {
  shadow_.add_region(reinterpret_cast<std::uintptr_t>(module.data().data()), module.data().size());
  shadow_.add_region(heap_.arena(0), kThreadsMax * Heap::kArenaBytes);
  for (unsigned i = 0; i < kThreadsMax; ++i) {
    threads_[i].name = i == 0 ? "main" : "T" + std::to_string(i);
    shadow_.add_region(0, kStackBytes);
  }
  if (!tls_.empty()) shadow_.add_region(reinterpret_cast<std::uintptr_t>(tls_.data()), tls_.size());
  current_runtime = this;
}

Runtime::~Runtime() { current_runtime = nullptr; }

void Runtime::setup(explore::Execution& execution, const std::vector<std::string>& arguments) {
  execution_ = &execution;
  scratch_.clear();
  const unsigned more = options_.design != nullptr ? nr_threads_ + 1 : 2 * nr_threads_;
  if (wants_threads_) nr_threads_ = std::min(more, kThreadsMax);
  wants_threads_ = false;
  nr_created_ = 1;
  output_bytes_ = 0;
  killed_.reset();
  forked_ = heaps_differ_ = process_gone_ = false;
  keys_ = {};
  proc_files_.clear();
  signals_.clear();
  parents_ = {};
  free_threads_.clear();
  module_.reset();
  heap_.reset(execution);
  const std::size_t tls_stride = tls_.size() / kThreadsMax;
  for (unsigned i = 0; i < kThreadsMax && tls_stride != 0; ++i) {
    std::byte* block = tls_.data() + i * tls_stride;
    std::memset(block, 0, tls_stride);
    std::memcpy(block, module_.tls_image().data(), module_.tls_image().size());
  }
  optind = 0;  // Of getopt(), which is the C library's: it begins anew.
  argument_texts_ = arguments;
  arguments_.clear();
  for (std::string& text : argument_texts_) arguments_.push_back(text.data());
  arguments_.push_back(nullptr);

  memory_.reset(execution);
  never_ = execution.new_object(0, {.format = "never"});
  creation_ = execution.new_object(0, {.format = "threads"});
  opened_ = execution.new_object(0, {.format = "files of /proc"});
  printed_ = execution.new_object(0, {.format = "output"});
  if (options_.design != nullptr) setup_kernel();
  for (unsigned i = 0; i < nr_threads_; ++i) {
    Thread& thread = threads_[i];
    shadow_.move_region(kFirstStack + i, 0);
    thread = Thread{.runtime = this, .number = i, .name = std::move(thread.name)};
    thread.life = execution.new_object(i == 0 ? kRuns : kUnborn, {.format = "life"});
    execution.spawn_daemon(thread.name, CpuId{static_cast<std::uint8_t>(i)}, &run_thread, &thread);
  }
  shadow_.number_units();
  nr_words_ = shadow_.nr_units() + Shadow::kSpareUnits;
  for (unsigned unit = 0; unit < nr_words_; ++unit) {
    std::uint64_t initial = 0;
    if (unit < shadow_.nr_units()) {
      const Shadow::Unit& found = shadow_.unit(unit);
      const std::uintptr_t address = shadow_.address_of(found);
      const bool known = found.region == 0 || found.region == kFirstStack + kThreadsMax;
      if (known) initial = native(address, found.bytes);
      if (execution.recording()) name_unit(unit);
    }
    const ObjectId word = memory_.add(
        initial, {.format = "{}", .args = {{unit, format_unit}}, .value = trace::format_decimal});
    if (unit == 0) first_word_ = word;
  }
  order_.reset(execution, nr_threads_, nr_words_);
  if (kernel_) {
    kernel_->start();
  } else {
    memory_.start(nr_threads_);
  }
}

void Runtime::name_unit(unsigned unit) {
  const Shadow::Unit& found = shadow_.unit(unit);
  const std::uintptr_t address = shadow_.address_of(found);
  std::string name = found.region == 0 ? symbols_.variable(address) : std::string();
  if (name.empty() && found.region >= kFirstStack) {
    name = threads_[(found.region - kFirstStack) % kThreadsMax].name + "'s stack";
  }
  if (name.empty()) name = "heap+" + std::to_string(found.offset);
  execution_->names().set(trace::NameSpace::Object, unit, std::move(name));
}

void Runtime::name_place(std::uintptr_t code) {
  trace::Names& names = execution_->names();
  if (!names.find(trace::NameSpace::Code, code).empty()) return;
  const Symbols::Line& line = symbols_.line(code);
  std::string text =
      line.text.size() > kTextMax ? line.text.substr(0, kTextMax) + "..." : line.text;
  std::string name = line.file.empty() ? "?" : std::to_string(line.number) + ": " + text;
  names.set(trace::NameSpace::Code, code, std::move(name));
}

trace::StepText Runtime::text(Place place) {
  if (execution_->recording()) name_place(place.code);
  return {.format = "{}", .args = {{place.code, format_place}}};
}

void Runtime::step(Place place) {
  const trace::StepText step_text = text(place);
  execution_->step(step_text);
  stop_if_killed();
}

void Runtime::violate(std::string_view rule, FunctionRef<std::string()> what,
                      std::string_view why) {
  if (grew()) throw BeginAnew{};
  verdict_ = what();
  execution_->violate({.rule = rule, .what = {.format = verdict_}, .why = why});
  throw InternalError("a guest's thread went on after a violation");
}

/// Whether the stack is the one of the thread whose step is made, be it in a function of mmcheck's
/// that the guest has called.
bool Runtime::runs_guest(std::uintptr_t stack) const {
  constexpr std::size_t kBehindTheEnd = 64 * 1024;
  if (execution_ == nullptr) return false;
  const std::uintptr_t top = threads_[self()].stack_top;
  return top != 0 && stack <= top && top - stack < kStackBytes + kBehindTheEnd;
}

/// A stack that is full is begun anew: nobody returns there.
std::uintptr_t Runtime::crash_stack(std::uintptr_t stack) {
  constexpr std::size_t kEnough = 16 * 1024;
  const std::uintptr_t top = me().stack_top;
  const std::uintptr_t bottom = top - kStackBytes;
  return stack > bottom + kEnough && stack <= top ? stack : top - 256;
}

void Runtime::crashed(std::uintptr_t code, std::uintptr_t address) {
  // Nobody catches what is thrown from here, so the thread only stops: finished() begins anew.
  if (grew()) park(Parked::Assumed, {});
  const auto what = [&] {
    return where(code + 1) + ": " + me().name + " cannot go on: a wild pointer (" +
           std::to_string(address) + "), or more than " + std::to_string(kStackBytes / 1024) +
           " KB of stack";
  };
  violate("R-SIGNAL", what, "a program uses only memory that is its own at the time");
}

void Runtime::unsupported(const std::string& what, Place place) {
  throw InputError(where(place.code) + ": " + what);
}

void Runtime::write_out(std::string_view added) {
  finish_store();
  effect();
  if (!options_.fail_on.empty()) {  // The order in which threads print matters.
    const trace::StepText prints{.format = "prints", .detail = trace::Detail::Minor};
    execution_->step(prints);
    execution_->write(printed_, execution_->peek(printed_) + 1);
  }
  const std::size_t bytes = std::min(added.size(), output_.size() - output_bytes_);
  std::memcpy(output_.data() + output_bytes_, added.data(), bytes);
  set(output_bytes_, output_bytes_ + bytes);
  if (options_.fail_on.empty() || output().find(options_.fail_on) == std::string_view::npos) return;
  std::string_view line = output().substr(output().find(options_.fail_on));
  line = line.substr(0, line.find('\n'));
  const auto what = [line] { return "prints \"" + std::string(line) + "\""; };
  violate("R-OUTPUT", what, "--fail-on says so");
}

void* Runtime::tls(std::size_t offset) {
  return tls_.data() + self() * (tls_.size() / kThreadsMax) + offset;
}

std::uint64_t Runtime::next_tick() {
  effect();
  std::uint64_t& ticks = me().ticks;
  set(ticks, ticks + 1);
  return ticks;
}

}  // namespace mmcheck::guest
