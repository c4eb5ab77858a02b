// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// The process is killed, and its private memory taken away without waiting for its threads.
/// linux v6.12 mm/oom_kill.c: __oom_kill_process, oom_reap_task
void oom_kill_process(thread& task, mm_struct& mm);

}  // namespace mmcheck::mm
