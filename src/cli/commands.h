// SPDX-License-Identifier: Apache-2.0
// One function per sub-command: declares its options and what it runs. `app` and `session` outlive
// the parse and the run.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/session.h"

namespace mmcheck::cli {

void add_matrix_command(CLI::App& app, Session& session);
void add_check_command(CLI::App& app, Session& session);
void add_list_command(CLI::App& app, Session& session);
void add_designs_command(CLI::App& app, Session& session);
void add_rules_command(CLI::App& app, Session& session);
void add_replay_command(CLI::App& app, Session& session);
void add_explain_command(CLI::App& app, Session& session);
void add_conform_command(CLI::App& app, Session& session);
/// `conform host`, of the command `conform`.
void add_conform_host_command(CLI::App& conform, Session& session);
void add_cost_command(CLI::App& app, Session& session);
void add_hunt_command(CLI::App& app, Session& session);
void add_kernel_command(CLI::App& app, Session& session);
void add_litmus_command(CLI::App& app, Session& session);
void add_run_command(CLI::App& app, Session& session);

}  // namespace mmcheck::cli
