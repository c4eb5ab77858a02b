// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conform/program.h"

namespace mmcheck::conform {

/// What runs programs: the host's kernel, or the model. Of one thread.
class Side {
 public:
  Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  virtual ~Side() = default;

  /// Begins to run the program, which lives until finish() has given what comes out.
  virtual void begin(const Program& program) = 0;
  virtual Outcome finish() = 0;

  Outcome run(const Program& program) {
    begin(program);
    return finish();
  }
};

}  // namespace mmcheck::conform
