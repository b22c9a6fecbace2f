/* Reading captures: libpcap's reader with times in ns. */
#include "capture/capture_file.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/link_layer.h"

#define SECONDS_MAX 4000000000 /* of a time stamp, above which the file is nonsense: year 2096 */

struct capture_file {
	pcap_t *pcap;
	uint64_t n;
};

static enum status
link_refuse(int link_type, const char *path, char *message, size_t bytes)
{
	const char *name = pcap_datalink_val_to_name(link_type);

	snprintf(message, bytes,
		"%s: link type %s (%d) is not read here; allowed: Ethernet, Linux cooked (SLL, SLL2), raw "
		"IP, "
		"NULL, LOOP",
		path, name ? name : "unknown", link_type);
	return ST_ERR_UNSUPPORTED;
}

enum status
capture_file_open(const char *path, struct capture_file **out, char *message, size_t bytes)
{
	struct capture_file *file = calloc(1, sizeof(*file));
	char error[PCAP_ERRBUF_SIZE] = "";

	*out = NULL;
	if (!file) {
		snprintf(message, bytes, "%s: %s", path, status_text(ST_ERR_NOMEM));
		return ST_ERR_NOMEM;
	}
	file->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!file->pcap) {
		snprintf(message, bytes, "%s: %s", path, error);
		capture_file_close(file);
		return ST_ERR_IO;
	}
	if (!link_layer_known(pcap_datalink(file->pcap))) {
		enum status status = link_refuse(pcap_datalink(file->pcap), path, message, bytes);

		capture_file_close(file);
		return status;
	}
	*out = file;
	return ST_OK;
}

int
capture_file_link_type(const struct capture_file *file)
{
	return pcap_datalink(file->pcap);
}

/* Nonsense in a damaged file must not overflow. */
static uint64_t
stamp_ns(const struct pcap_pkthdr *header)
{
	int64_t seconds = header->ts.tv_sec, ns = header->ts.tv_usec; /* opened with ns precision */

	seconds = seconds < 0 ? 0 : seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
	return (uint64_t)seconds * NS_PER_SEC + (ns < 0 ? 0 : (uint64_t)ns % NS_PER_SEC);
}

int
capture_file_next(struct capture_file *file, struct capture_frame *frame, char *message, size_t bytes)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int got = pcap_next_ex(file->pcap, &header, &data);

	if (got == 1) {
		*frame = (struct capture_frame){data, header->caplen, header->len, stamp_ns(header)};
		file->n++;
		return 1;
	}
	if (got == PCAP_ERROR_BREAK) /* which is the end of the file */
		return 0;
	snprintf(message, bytes, "after %llu packets: %s", (unsigned long long)file->n,
		pcap_geterr(file->pcap));
	return -1;
}

void
capture_file_close(struct capture_file *file)
{
	if (!file)
		return;
	if (file->pcap)
		pcap_close(file->pcap);
	free(file);
}
