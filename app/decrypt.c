/* esplab decrypt: a user's capture of AH and ESP, opened with the user's keys. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "app/decrypt_print.h"
#include "app/words.h"
#include "base/pcapng.h"
#include "capture/capture_file.h"
#include "capture/decrypt.h"
#include "dataplane/replay/replay.h"
#include "lab/hooks.h"

#define COMMAND_NAME "esplab decrypt"
#define MESSAGE_BYTES 8192u

struct decrypt_request {
	const char *capture, *keys, *out;
	enum key_format format;
	struct decrypt_options options;
	bool json, quiet;
};

/* Everything that is open. */
struct decrypt_work {
	struct key_set keys;
	struct capture_file *file;
	struct decrypt *decrypt;
	struct pcapng *pcapng;
	struct decrypt_printer printer;
};

static const char usage_text[] =
	"esplab decrypt CAPTURE --keys FILE [options]\n"
	"  --keys FILE         Wireshark's esp_sa, an esplab configuration, or tcpdump's -E file\n"
	"  --keys-format WORD  auto, esp_sa, cfg or tcpdump (auto: by what is in it)\n"
	"  -w, --write OUT     the inner packets as pcapng, with the times of the capture\n"
	"  --window N          packets of the replay window, 0: no replay check (as the keys say, else 64)\n"
	"  --esn               extended sequence numbers, where the keys do not say it\n"
	"  --udp-port N        ports of ESP in UDP, besides 4500; may be repeated, or a list\n"
	"  --quiet             no line for packets that are neither AH nor ESP\n"
	"  --json              for programs\n";

static bool
ports_take(struct decrypt_request *request, const char *text)
{
	struct ip_ports *ports = &request->options.ports;
	uint32_t values[IP_FIND_PORTS];
	unsigned n = 0;

	if (!numbers_read(COMMAND_NAME, "--udp-port", text, 1, 65535, values, &n, IP_FIND_PORTS - ports->n))
		return false;
	for (unsigned i = 0; i < n; i++)
		ports->port[ports->n++] = (uint16_t)values[i];
	return true;
}

static bool
format_take(struct decrypt_request *request, const char *text)
{
	static const char *const words[] = {[KEY_FORMAT_AUTO] = "auto",
		[KEY_FORMAT_ESP_SA] = "esp_sa",
		[KEY_FORMAT_CFG] = "cfg",
		[KEY_FORMAT_TCPDUMP] = "tcpdump"};
	int word = word_choose(COMMAND_NAME, "--keys-format", text, words, sizeof(words) / sizeof(*words));

	request->format = word < 0 ? KEY_FORMAT_AUTO : (enum key_format)word;
	return word >= 0;
}

static bool
option_take(void *ctx, int option)
{
	struct decrypt_request *request = ctx;
	switch (option) {
	case 'k':
		request->keys = optarg;
		return true;
	case 'f':
		return format_take(request, optarg);
	case 'w':
		request->out = optarg;
		return true;
	case 'n':
		return number_read(
			COMMAND_NAME, "--window", optarg, 0, REPLAY_WINDOW_MAX, &request->options.window);
	case 'e':
		return request->options.esn = true;
	case 'u':
		return ports_take(request, optarg);
	case 'q':
		return request->quiet = true;
	case 'j':
		return request->json = true;
	default:
		return false;
	}
}

/* What is missing or too much. */
static int
request_check(int argc, char **argv, struct decrypt_request *request)
{
	const char *fault = NULL;

	if (optind == argc)
		fault = "which capture? a CAPTURE is missing";
	else if (optind + 1 < argc)
		fault = "one CAPTURE at a time";
	else if (!request->keys)
		fault = "--keys FILE is missing: what opens the packets?";
	if (fault) {
		fprintf(stderr, COMMAND_NAME ": %s\n%s", fault, usage_text);
		return APP_USAGE;
	}
	request->capture = argv[optind];
	return -1; /* go on */
}

static int
request_parse(int argc, char **argv, struct decrypt_request *request)
{
	static const struct option options[] = {{"keys", 1, NULL, 'k'}, {"keys-format", 1, NULL, 'f'},
		{"write", 1, NULL, 'w'}, {"window", 1, NULL, 'n'}, {"esn", 0, NULL, 'e'},
		{"udp-port", 1, NULL, 'u'}, {"quiet", 0, NULL, 'q'}, {"json", 0, NULL, 'j'},
		{"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code = options_take(argc, argv, "w:h", options, usage_text, option_take, request);

	return code >= 0 ? code : request_check(argc, argv, request);
}

static void
event_take(void *ctx, const struct decrypt_event *event)
{
	struct decrypt_work *work = ctx;

	decrypt_print_event(&work->printer, event);
}

static void
inner_take(void *ctx, uint64_t time_ns, const uint8_t *ip, uint32_t len)
{
	struct decrypt_work *work = ctx;

	if (!work->pcapng)
		return;
	pcapng_write(work->pcapng, 0, time_ns, ip, len);
	work->printer.written++;
}

/* Rows that are well written but cannot be used. */
static void
keys_warn(const struct key_set *keys)
{
	for (unsigned i = 0; i < keys->n; i++)
		if (keys->sas[i].cannot[0])
			fprintf(stderr, "%s:%u: not used: %s\n", keys->sas[i].file, keys->sas[i].line,
				keys->sas[i].cannot);
}

static int
fail(enum status status, const char *message)
{
	fprintf(stderr, COMMAND_NAME ": %s\n", message);
	return status == ST_ERR_NOMEM ? APP_FAULT : APP_USAGE;
}

/* All that can be wrong with the question, before anything is written. */
static int
work_open(const struct decrypt_request *request, struct decrypt_work *work)
{
	static const char *const names[] = {"inner"};
	char message[MESSAGE_BYTES];
	enum status status = key_set_read(
		request->keys, request->format, lab_hooks(), &work->keys, message, sizeof(message));

	if (status == ST_OK)
		status = capture_file_open(request->capture, &work->file, message, sizeof(message));
	if (status == ST_OK)
		status = decrypt_create(
			&work->keys, &request->options, &work->decrypt, message, sizeof(message));
	if (status != ST_OK)
		return fail(status, message);
	keys_warn(&work->keys);
	if (request->out && pcapng_create(request->out, PCAPNG_BOTH, names, 1, &work->pcapng) != ST_OK) {
		fprintf(stderr, COMMAND_NAME ": %s cannot be written\n", request->out);
		return APP_FAULT;
	}
	return APP_OK;
}

static int
frames_read(struct decrypt_work *work)
{
	struct decrypt_sink sink = {event_take, inner_take, work};
	int link_type = capture_file_link_type(work->file), got;
	struct capture_frame frame;
	char message[MESSAGE_BYTES];
	enum status status = ST_OK;

	decrypt_print_begin(&work->printer);
	while ((got = capture_file_next(work->file, &frame, message, sizeof(message))) == 1 &&
		status == ST_OK)
		status = decrypt_frame(work->decrypt, link_type, &frame, &sink);
	if (got < 0) {
		work->printer.early = message;
		fprintf(stderr, COMMAND_NAME ": the capture ends early %s\n", message);
	}
	decrypt_print_end(&work->printer, work->decrypt);
	if (status == ST_OK)
		return APP_OK;
	fprintf(stderr, COMMAND_NAME ": %s\n", status_text(status));
	return APP_FAULT;
}

/* Closes all; the file that was written must be whole. */
static int
work_close(const struct decrypt_request *request, struct decrypt_work *work, int code)
{
	if (pcapng_close(work->pcapng) != ST_OK) {
		fprintf(stderr, COMMAND_NAME ": %s cannot be written\n", request->out);
		code = APP_FAULT;
	}
	if (code == APP_OK && (fflush(stdout) || ferror(stdout))) {
		fprintf(stderr, COMMAND_NAME ": standard output cannot be written\n");
		code = APP_FAULT;
	}
	decrypt_destroy(work->decrypt);
	capture_file_close(work->file);
	key_set_fini(&work->keys);
	return code;
}

int
command_decrypt(int argc, char **argv)
{
	struct decrypt_request request = {
		.options = {.window = KEY_WINDOW_UNKNOWN, .ports = {.port = {4500}, .n = 1}}};
	struct decrypt_work work = {0};
	int code = request_parse(argc, argv, &request);

	if (code >= 0)
		return code;
	work.printer.json = request.json;
	work.printer.quiet = request.quiet;
	code = work_open(&request, &work);
	if (code == APP_OK)
		code = frames_read(&work);
	return work_close(&request, &work, code);
}
