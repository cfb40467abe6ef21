/*
 * relais import contacts|activities|deals FILE.csv: history and lists from files, through the same
 * operations as the API, so that what a row means is decided in one place. The same import twice
 * changes nothing.
 */
#pragma once

int command_import(int argc, char **argv);
