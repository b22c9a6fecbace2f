/* A results folder.  Files are buffered widely because drop lines are many and short. */
#include "lab/folder.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define BUFFER_BYTES (1u << 18)

static enum status
fail(const char *path, int error, char *message, size_t bytes)
{
	snprintf(message, bytes, "%s: %s", path, strerror(error));
	return ST_ERR_IO;
}

enum status
folder_make(const char *path, char *message, size_t bytes)
{
	char part[FOLDER_PATH_BYTES];
	size_t length = strlen(path);

	if (!length || length >= sizeof(part)) {
		snprintf(message, bytes, "the name of the results folder is %s",
			length ? "too long" : "empty");
		return ST_ERR_RANGE;
	}
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return fail(part, errno, message, bytes);
	}
	return ST_OK;
}

enum status
folder_path(const char *folder, const char *name, const char *suffix, char *path, char *message, size_t bytes)
{
	int length = snprintf(path, FOLDER_PATH_BYTES, "%s/%s%s", folder, name, suffix);

	if (length >= 0 && length < FOLDER_PATH_BYTES)
		return ST_OK;
	snprintf(message, bytes, "%s%s: the path is too long", name, suffix);
	return ST_ERR_RANGE;
}

enum status
folder_create(const char *folder, const char *name, FILE **file, char *message, size_t bytes)
{
	char path[FOLDER_PATH_BYTES];
	enum status status = folder_path(folder, name, "", path, message, bytes);

	*file = NULL;
	if (status)
		return status;
	*file = fopen(path, "we");
	if (!*file)
		return fail(path, errno, message, bytes);
	setvbuf(*file, NULL, _IOFBF, BUFFER_BYTES);
	return ST_OK;
}

enum status
folder_close(FILE *file, const char *folder, const char *name, char *message, size_t bytes)
{
	bool failed = ferror(file) != 0;

	failed |= fclose(file) != 0;
	if (!failed)
		return ST_OK;
	snprintf(message, bytes, "%s/%s could not be written completely: is the disk full?", folder, name);
	return ST_ERR_IO;
}
