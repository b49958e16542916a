/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands of pavise-trust; argv[0] is the command's name. They return an exit status. */
int pv_command_adopt(int argc, char **argv);
int pv_command_inspect(int argc, char **argv);
int pv_command_key(int argc, char **argv);
int pv_command_repo(int argc, char **argv);
int pv_command_revoke(int argc, char **argv);
int pv_command_sign(int argc, char **argv);
int pv_command_signer(int argc, char **argv);
int pv_command_trace(int argc, char **argv);
int pv_command_verify(int argc, char **argv);
