/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands of pavise-scan; argv[0] is the command's name. They return an exit status. */
int pv_command_db(int argc, char **argv);
int pv_command_scan(int argc, char **argv);
int pv_command_version(int argc, char **argv);
