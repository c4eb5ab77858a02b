// SPDX-License-Identifier: Apache-2.0
// Runs programs on the model: one execution each.
#pragma once

#include <memory>

#include "conform/side.h"
#include "design/design.h"

namespace mmcheck::conform {

class Model final : public Side {
 public:
  explicit Model(const design::Design& design);
  ~Model() override;

  void begin(const Program& program) override { program_ = &program; }
  Outcome finish() override;

 private:
  class Run;

  const Program* program_ = nullptr;
  std::unique_ptr<Run> run_;
};

}  // namespace mmcheck::conform
