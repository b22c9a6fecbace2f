/* What tests of results share: a folder of their own, and the text of a file in it. */
#ifndef TESTS_LAB_FOLDER_RIG_H
#define TESTS_LAB_FOLDER_RIG_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#define RIG_PATH_BYTES 512

struct folder_rig {
	char path[64];
};

static inline void
folder_rig_open(struct folder_rig *rig)
{
	strcpy(rig->path, "/tmp/esplab-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(rig->path));
}

static inline int
folder_rig_remove(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
	(void)info;
	(void)flag;
	(void)walk;
	return remove(path);
}

static inline void
folder_rig_close(struct folder_rig *rig)
{
	CU_ASSERT_EQUAL(nftw(rig->path, folder_rig_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline const char *
folder_rig_path(const struct folder_rig *rig, const char *name, char path[RIG_PATH_BYTES])
{
	snprintf(path, RIG_PATH_BYTES, "%s/%s", rig->path, name);
	return path;
}

/* All of folder/name, to be freed; its bytes in *bytes where that is not NULL.  NULL where there is no file.
 */
static inline char *
folder_rig_read(const struct folder_rig *rig, const char *name, size_t *bytes)
{
	char path[RIG_PATH_BYTES], *text;
	FILE *file = fopen(folder_rig_path(rig, name, path), "rb");
	long size;

	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = calloc(1, (size_t)size + 1);
	CU_ASSERT_EQUAL_FATAL(fread(text, 1, (size_t)size, file), (size_t)size);
	fclose(file);
	if (bytes)
		*bytes = (size_t)size;
	return text;
}

#endif
