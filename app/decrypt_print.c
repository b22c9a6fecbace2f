/* Lines and totals of `esplab decrypt`. */
#include "app/decrypt_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "lab/grid.h"
#include "lab/human.h"

#define INNER_BYTES 160u
#define NUMBER_BYTES 24u

/* What a line can say of an inner packet. */
struct inner_summary {
	struct ip_addr src, dst;
	uint8_t proto;
	uint16_t sport, dport;
	bool ports;
};

static void
inner_read(const uint8_t *ip, uint32_t len, struct inner_summary *s)
{
	struct ip_found found;
	struct ip_ports none = {.n = 0};

	*s = (struct inner_summary){0};
	ip_find(ip, len, &none, &found);
	s->src = found.src;
	s->dst = found.dst;
	s->proto = found.proto;
	s->ports = (s->proto == 6 || s->proto == 17) && found.head + 4 <= len &&
		   !(ip[0] >> 4 == 4 && load_be16(ip + 6) & 0x1fff);
	if (s->ports) {
		s->sport = load_be16(ip + found.head);
		s->dport = load_be16(ip + found.head + 2);
	}
}

static const char *
proto_name(uint8_t proto, char number[NUMBER_BYTES])
{
	static const struct {
		uint8_t proto;
		const char *name;
	} names[] = {{1, "ICMP"}, {2, "IGMP"}, {4, "IPv4"}, {6, "TCP"}, {17, "UDP"}, {41, "IPv6"},
		{47, "GRE"}, {50, "ESP"}, {51, "AH"}, {58, "ICMPv6"}, {89, "OSPF"}, {132, "SCTP"}};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].proto == proto)
			return names[i].name;
	snprintf(number, NUMBER_BYTES, "protocol %u", proto);
	return number;
}

static void
inner_print(const struct decrypt_event *event)
{
	char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES], number[NUMBER_BYTES];
	struct inner_summary s;

	inner_read(event->inner, event->inner_len, &s);
	printf("; %s %s > %s", proto_name(s.proto, number), ip_text(s.src, src), ip_text(s.dst, dst));
	if (s.ports)
		printf(", ports %u > %u", s.sport, s.dport);
	printf(", %u bytes", event->inner_len);
}

static void
verdict_print(const struct decrypt_event *event)
{
	if (event->icv != VERDICT_ICV_UNTRIED)
		printf(", ICV %s", capture_icv_text[event->icv]);
	if (event->replay != VERDICT_REPLAY_NONE)
		printf(", %s", capture_replay_text[event->replay]);
	if (event->replay == VERDICT_REPLAY_OLD || (event->replay != VERDICT_REPLAY_NONE && event->lag > 0))
		printf(" (lag %" PRId64 ", window %u)", event->lag, event->window);
}

static bool
is_protected(const struct decrypt_event *event)
{
	return event->found.proto == ALG_ESP || event->found.proto == ALG_AH;
}

static void
line_print(const struct decrypt_event *event)
{
	const struct ip_found *found = &event->found;
	char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES], number[NUMBER_BYTES];

	printf("%6" PRIu64 "  %" PRIu64 ".%09" PRIu64 "  ", event->number, event->time_ns / NS_PER_SEC,
		event->time_ns % NS_PER_SEC);
	if (event->depth)
		printf("%*sinside: ", (int)(2 * event->depth - 2), "");
	if (event->kind != CAPTURE_NO_IP)
		printf("%s > %s  %s%s  ", ip_text(found->src, src), ip_text(found->dst, dst),
			proto_name(found->proto, number), found->natt ? " in UDP" : "");
	if (is_protected(event) && found->spi)
		printf("SPI 0x%08x, seq %" PRIu64, found->spi, event->seq);
	verdict_print(event);
	if (event->kind == CAPTURE_OPENED)
		inner_print(event);
	else if (event->kind == CAPTURE_CANNOT && event->key)
		printf("%s%s", found->spi ? "; " : "", event->key->cannot);
	else if (event->kind != CAPTURE_ICV_BAD)
		printf("%s%s", found->spi ? "; " : "", capture_kind_info[event->kind].meaning);
	printf("\n");
}

static void
inner_json(struct json_out *out, const struct decrypt_event *event)
{
	char text[IP_TEXT_BYTES];
	struct inner_summary s;

	inner_read(event->inner, event->inner_len, &s);
	jout_object(out, "inner");
	jout_text(out, "src", ip_text(s.src, text));
	jout_text(out, "dst", ip_text(s.dst, text));
	jout_u64(out, "proto", s.proto);
	if (s.ports) {
		jout_u64(out, "sport", s.sport);
		jout_u64(out, "dport", s.dport);
	}
	jout_u64(out, "bytes", event->inner_len);
	jout_object_end(out);
}

static void
line_json(struct json_out *out, const struct decrypt_event *event)
{
	char text[IP_TEXT_BYTES];

	jout_object_flat(out, NULL);
	jout_u64(out, "number", event->number);
	jout_u64(out, "time_ns", event->time_ns);
	jout_u64(out, "depth", event->depth);
	jout_text(out, "kind", capture_kind_info[event->kind].text);
	if (event->kind != CAPTURE_NO_IP) {
		jout_text(out, "src", ip_text(event->found.src, text));
		jout_text(out, "dst", ip_text(event->found.dst, text));
		jout_u64(out, "proto", event->found.proto);
		jout_bool(out, "natt", event->found.natt);
	}
	if (is_protected(event) && event->found.spi) {
		jout_hex(out, "spi", event->found.spi);
		jout_u64(out, "seq", event->seq);
		jout_text(out, "icv", capture_icv_text[event->icv]);
		jout_text(out, "replay", capture_replay_text[event->replay]);
	}
	if (event->replay != VERDICT_REPLAY_NONE) {
		jout_i64(out, "lag", event->lag);
		jout_u64(out, "window", event->window);
	}
	if (event->inner)
		inner_json(out, event);
	jout_object_end(out);
}

void
decrypt_print_begin(struct decrypt_printer *printer)
{
	if (!printer->json)
		return;
	printer->out = (struct json_out){.out = stdout};
	jout_object(&printer->out, NULL);
	jout_u64(&printer->out, "schema", 1);
	jout_array(&printer->out, "packets");
}

void
decrypt_print_event(struct decrypt_printer *printer, const struct decrypt_event *event)
{
	if (printer->quiet && (event->kind == CAPTURE_OTHER || event->kind == CAPTURE_NO_IP))
		return;
	if (printer->json)
		line_json(&printer->out, event);
	else
		line_print(event);
}

/* ", 12 accepted": what there is of it. */
static size_t
count_add(char *text, size_t used, size_t bytes, const char *before, uint64_t count, const char *what)
{
	if (!count || used >= bytes)
		return used;
	return used +
	       (size_t)snprintf(text + used, bytes - used, "%s %s %s", before, human_count(count).text, what);
}

static void
sas_print(const struct decrypt_sa *sas, unsigned n)
{
	char dst[IP_TEXT_BYTES], text[256];

	for (unsigned i = 0; i < n; i++) {
		const struct decrypt_sa *sa = &sas[i];
		size_t used = 0;

		text[0] = '\0';
		for (unsigned v = VERDICT_ICV_GOOD; v < VERDICT_ICV_COUNT; v++)
			used = count_add(text, used, sizeof(text), ", ICV", sa->icv[v], capture_icv_text[v]);
		if (sa->window) {
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				"; window %s:", human_count(sa->window).text);
			for (unsigned v = VERDICT_REPLAY_ACCEPTED; v < VERDICT_REPLAY_COUNT; v++)
				used = count_add(
					text, used, sizeof(text), "", sa->replay[v], capture_replay_text[v]);
			snprintf(text + used, sizeof(text) - used, ", largest lag %s",
				human_count(sa->lag_max).text);
		}
		human_text(stdout, "%s 0x%08x to %s: %s packets%s", sa->proto == ALG_AH ? "AH" : "ESP",
			sa->spi, ip_text(sa->dst, dst), human_count(sa->packets).text, text);
	}
}

static void
totals_print(const struct decrypt_printer *printer, const struct decrypt_totals *totals)
{
	struct grid grid;

	grid_init(&grid, 3, 5);
	grid_cell(&grid, "what");
	grid_cell(&grid, "packets");
	grid_cell(&grid, "meaning");
	for (unsigned k = 0; k < CAPTURE_KIND_COUNT; k++) {
		if (!totals->kinds[k] && !totals->nested[k])
			continue;
		grid_cell(&grid, "%s", capture_kind_info[k].text);
		if (totals->nested[k])
			grid_cell(&grid, "%s + %s inside", human_count(totals->kinds[k]).text,
				human_count(totals->nested[k]).text);
		else
			grid_cell(&grid, "%s", human_count(totals->kinds[k]).text);
		grid_cell(&grid, "%s", capture_kind_info[k].meaning);
	}
	printf("\n");
	grid_print(&grid, stdout);
	printf("%s packets in all\n", human_count(totals->frames).text);
	if (printer->written)
		printf("%s inner packets written\n", human_count(printer->written).text);
}

static void
counts_json(
	struct json_out *out, const char *key, const uint64_t *counts, const char *const *names, unsigned n)
{
	jout_object_flat(out, key);
	for (unsigned i = 0; i < n; i++)
		jout_u64(out, names[i], counts[i]);
	jout_object_end(out);
}

static void
sas_json(struct json_out *out, const struct decrypt_sa *sas, unsigned n)
{
	char text[IP_TEXT_BYTES];

	jout_array(out, "sas");
	for (unsigned i = 0; i < n; i++) {
		jout_object_flat(out, NULL);
		jout_hex(out, "spi", sas[i].spi);
		jout_u64(out, "proto", sas[i].proto);
		jout_text(out, "src", ip_text(sas[i].src, text));
		jout_text(out, "dst", ip_text(sas[i].dst, text));
		jout_u64(out, "key_line", sas[i].key->line);
		jout_u64(out, "packets", sas[i].packets);
		jout_u64(out, "window", sas[i].window);
		counts_json(out, "icv", sas[i].icv, capture_icv_text, VERDICT_ICV_COUNT);
		counts_json(out, "replay", sas[i].replay, capture_replay_text, VERDICT_REPLAY_COUNT);
		jout_u64(out, "lag_max", sas[i].lag_max);
		jout_object_end(out);
	}
	jout_array_end(out);
}

static void
totals_json(struct decrypt_printer *printer, const struct decrypt_totals *totals,
	const struct decrypt_sa *sas, unsigned n)
{
	const char *names[CAPTURE_KIND_COUNT];
	struct json_out *out = &printer->out;

	for (unsigned k = 0; k < CAPTURE_KIND_COUNT; k++)
		names[k] = capture_kind_info[k].text;
	jout_array_end(out);
	sas_json(out, sas, n);
	jout_object(out, "totals");
	jout_u64(out, "packets", totals->frames);
	counts_json(out, "kinds", totals->kinds, names, CAPTURE_KIND_COUNT);
	counts_json(out, "inside", totals->nested, names, CAPTURE_KIND_COUNT);
	counts_json(out, "icv", totals->icv, capture_icv_text, VERDICT_ICV_COUNT);
	counts_json(out, "replay", totals->replay, capture_replay_text, VERDICT_REPLAY_COUNT);
	jout_u64(out, "written", printer->written);
	jout_text(out, "ends_early", printer->early);
	jout_object_end(out);
	jout_object_end(out);
}

void
decrypt_print_end(struct decrypt_printer *printer, const struct decrypt *decrypt)
{
	unsigned n;
	const struct decrypt_sa *sas = decrypt_sas(decrypt, &n);
	const struct decrypt_totals *totals = decrypt_totals(decrypt);

	if (printer->json) {
		totals_json(printer, totals, sas, n);
		return;
	}
	if (n) {
		printf("\n");
		sas_print(sas, n);
	}
	totals_print(printer, totals);
}
