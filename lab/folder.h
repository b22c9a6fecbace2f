/* A results folder: making it, and the paths in it. */
#ifndef LAB_FOLDER_H
#define LAB_FOLDER_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

#define FOLDER_PATH_BYTES 4096

/* Makes path and its parents where they are missing.  ERR_IO with a line in message. */
enum status folder_make(const char *path, char *message, size_t bytes);
/* folder + "/" + name + suffix, into path (FOLDER_PATH_BYTES).  ERR_RANGE with a line in message. */
enum status folder_path(const char *folder, const char *name, const char *suffix, char *path, char *message,
		size_t bytes);
/* Opens folder/name for writing, replacing it.  ERR_IO or ERR_RANGE with a line in message. */
enum status folder_create(const char *folder, const char *name, FILE **file, char *message, size_t bytes);
/* Closes a file of folder_create().  ERR_IO with a line in message where anything could not be written. */
enum status folder_close(FILE *file, const char *folder, const char *name, char *message, size_t bytes);

#endif
