/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands of pavise-image; argv[0] is the command's name. They return an exit status. */
int pv_command_attestations(int argc, char **argv);
int pv_command_copy(int argc, char **argv);
int pv_command_engine(int argc, char **argv);
int pv_command_resolve(int argc, char **argv);
