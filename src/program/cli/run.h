/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands of pavise-run; argv[0] is the command's name. */
int pv_command_admit(int argc, char **argv);
int pv_command_run(int argc, char **argv);
