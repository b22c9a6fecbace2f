/* The files that are written when a run is over. */
#include "lab/report.h"

#include "lab/folder.h"
#include "lab/report_priv.h"

static enum status
write_file(const struct result *result, const char *folder, const char *name,
	void (*write)(const struct result *result, FILE *out), char *message, size_t bytes)
{
	FILE *file;
	enum status status = folder_create(folder, name, &file, message, bytes);

	if (status)
		return status;
	write(result, file);
	return folder_close(file, folder, name, message, bytes);
}

static enum status
write_ping(const struct ping_result *ping, const char *folder, char *message, size_t bytes)
{
	char name[FOLDER_PATH_BYTES];
	enum status status;
	FILE *file;

	snprintf(name, sizeof(name), "ping-%s.txt", ping->cfg->name);
	status = folder_create(folder, name, &file, message, bytes);
	if (status)
		return status;
	report_ping_text(ping, file);
	return folder_close(file, folder, name, message, bytes);
}

enum status
report_write(const struct result *result, const char *folder, char *message, size_t bytes)
{
	enum status status = folder_make(folder, message, bytes);

	if (!status)
		status = write_file(result, folder, "summary.json", report_summary, message, bytes);
	if (!status)
		status = write_file(result, folder, "summary.txt", report_table, message, bytes);
	if (!status)
		status = write_file(result, folder, "timings.json", report_timings, message, bytes);
	for (unsigned i = 0; i < result->n_pings && !status; i++)
		status = write_ping(result->pings[i], folder, message, bytes);
	return status;
}
