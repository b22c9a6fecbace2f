/* esplab mtu: what protection costs in bytes.  Overhead, largest inner packet, MSS, and the protected size of
 * given inner sizes, for transform sets, modes, families and NAT-T.
 *
 * The formula is that of the datapath (dataplane/ipsec/size.h); nothing is computed here but the MSS: the
 * largest inner packet without its IP header and a TCP header without options (RFC 6691 §2: neither IP nor
 * TCP options are counted). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/mtu_sets.h"
#include "app/words.h"
#include "dataplane/ipsec/size.h"
#include "lab/grid.h"
#include "lab/json_out.h"

#define TCP_BYTES 20u
#define PACKET_MAX 65535u
#define MTUS_MAX 16u
#define SIZES_MAX 64u
#define FIXED_COLUMNS 4u
#define SIZES_ABREAST 6u /* what stands in HUMAN_COLUMNS with the longest transform */
#define COMMAND_NAME "esplab mtu"

/* Indices of words: 0 and 1 are the sides, 2 is both. */
enum { MODE_TUNNEL, MODE_TRANSPORT, MODE_BOTH };
enum { FAMILY_4, FAMILY_6, FAMILY_BOTH };

struct mtu_request {
	struct mtu_sets sets;
	uint32_t mtus[MTUS_MAX], sizes[SIZES_MAX];
	unsigned n_mtus, n_sizes;
	int mode, outer, inner; /* -1: not said */
	bool natt, no_align4, all, json;
};

/* One row. */
struct mtu_row {
	struct ipsec_shape shape;
	struct ipsec_size size;
	bool inner6;
	uint32_t mtu, stay, header; /* of the inner packet */
};

static const char usage_text[] =
	"esplab mtu [options]\n"
	"  --transform WORDS  a transform set: \"esp-aes 256 esp-sha-hmac\"; may be repeated\n"
	"  --mode WORD        tunnel, transport or both (tunnel)\n"
	"  --outer FAMILY     4, 6 or both: the IP header outside (4)\n"
	"  --inner FAMILY     4, 6 or both: that of the packet inside (4; in transport mode as outside)\n"
	"  --natt             ESP in UDP 4500 (RFC 3948)\n"
	"  --no-align4        AH over IPv4 is padded to 8 bytes, as old Linux does, and not to 4\n"
	"  --mtu BYTES        of the way outside (1500); may be repeated, or a list\n"
	"  --sizes LIST       inner sizes of which the outer ones are shown (64,256,512,1024,1400,1500)\n"
	"  --all              every sensible combination; what is said besides narrows it\n"
	"  --json             for programs\n"
	"\n"
	"outer = outer IP header (tunnel: 20 or 40) [+ UDP 8] [+ AH 12 + its ICV, padded] + ESP 8 + IV\n"
	"        + inner + pad + 2 + ICV, where inner + pad + 2 is a multiple of the block;\n"
	"in transport mode the IP header of the packet stays outside and is not padded.\n"
	"MSS = largest inner packet - inner IP header (20 or 40) - 20.\n";

static const char legend_text[] =
	"Bytes of IP packet. Largest inner: the largest packet whose protected packet fits the MTU; MSS: "
	"that\n"
	"less its IP header and 20 bytes of TCP. Right: the protected size of a packet of that size; with *\n"
	"it is more than the MTU. How it is computed: esplab mtu --help\n";

static bool
choose(int *out, const char *option, const char *text, const char *const *words)
{
	*out = word_choose(COMMAND_NAME, option, text, words, 3);
	return *out >= 0;
}

static bool
set_add(struct mtu_request *request, const char *words)
{
	char message[2048];

	if (mtu_sets_add(&request->sets, words, message, sizeof(message)) == ST_OK)
		return true;
	fprintf(stderr, COMMAND_NAME ": --transform: %s\n", message);
	return false;
}

static bool
option_take(void *ctx, int option)
{
	struct mtu_request *request = ctx;
	static const char *const modes[] = {"tunnel", "transport", "both"};
	static const char *const families[] = {"4", "6", "both"};

	switch (option) {
	case 't':
		return set_add(request, optarg);
	case 'm':
		return choose(&request->mode, "--mode", optarg, modes);
	case 'o':
		return choose(&request->outer, "--outer", optarg, families);
	case 'i':
		return choose(&request->inner, "--inner", optarg, families);
	case 'n':
		return request->natt = true;
	case '8':
		return request->no_align4 = true;
	case 'u':
		return numbers_read(COMMAND_NAME, "--mtu", optarg, 68, PACKET_MAX, request->mtus,
			&request->n_mtus, MTUS_MAX);
	case 's':
		return numbers_read(COMMAND_NAME, "--sizes", optarg, 20, PACKET_MAX, request->sizes,
			&request->n_sizes, SIZES_MAX);
	case 'a':
		return request->all = true;
	case 'j':
		return request->json = true;
	default:
		return false;
	}
}

/* What was not said. */
static void
defaults_set(struct mtu_request *request)
{
	static const uint32_t sizes[] = {64, 256, 512, 1024, 1400, 1500};

	if (!request->sets.n && request->all)
		mtu_sets_all(&request->sets);
	else if (!request->sets.n)
		mtu_sets_common(&request->sets);
	if (request->mode < 0)
		request->mode = request->all ? MODE_BOTH : MODE_TUNNEL;
	if (request->outer < 0)
		request->outer = request->all ? FAMILY_BOTH : FAMILY_4;
	if (request->inner < 0)
		request->inner = request->all			? FAMILY_BOTH
				 : request->mode != MODE_TUNNEL ? request->outer
								: FAMILY_4;
	if (!request->n_mtus)
		request->mtus[request->n_mtus++] = 1500;
	if (!request->n_sizes) {
		memcpy(request->sizes, sizes, sizeof(sizes));
		request->n_sizes = sizeof(sizes) / sizeof(*sizes);
	}
}

static int
request_parse(int argc, char **argv, struct mtu_request *request)
{
	static const struct option options[] = {{"transform", 1, NULL, 't'}, {"mode", 1, NULL, 'm'},
		{"outer", 1, NULL, 'o'}, {"inner", 1, NULL, 'i'}, {"natt", 0, NULL, 'n'},
		{"no-align4", 0, NULL, '8'}, {"mtu", 1, NULL, 'u'}, {"sizes", 1, NULL, 's'},
		{"all", 0, NULL, 'a'}, {"json", 0, NULL, 'j'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code = options_take(argc, argv, "h", options, usage_text, option_take, request);

	if (code >= 0)
		return code;
	if (optind < argc) {
		fprintf(stderr,
			COMMAND_NAME ": \"%s\" belongs to no option; a transform is asked for by --transform "
				     "\"%s\"\n",
			argv[optind], argv[optind]);
		return APP_USAGE;
	}
	defaults_set(request);
	return -1; /* go on */
}

/* What there is no packet for.  NULL: there is one. */
static const char *
row_refuse(const struct mtu_row *row)
{
	if (row->shape.natt && row->shape.set.has_ah)
		return "NAT-T carries ESP only (RFC 3948 §1); AH does not go through a NAT";
	if (!row->shape.tunnel && row->shape.v6 != row->inner6)
		return "in transport mode the inner family is the outer one: there is one IP header";
	return NULL;
}

static uint32_t
row_inner_max(const struct mtu_row *row)
{
	uint32_t max = ipsec_inner_max(&row->size, row->mtu, row->stay);

	return max < row->header ? 0 : max;
}

static uint32_t
row_mss(const struct mtu_row *row)
{
	uint32_t max = row_inner_max(row);

	return max > row->header + TCP_BYTES ? max - row->header - TCP_BYTES : 0;
}

/* Protected size of an inner one; 0 where there is no such packet. */
static uint32_t
row_outer(const struct mtu_row *row, uint32_t inner)
{
	uint32_t outer = inner < row->header ? 0 : ipsec_outer_len(&row->size, inner, row->stay);

	return outer > PACKET_MAX + (row->shape.v6 ? 40 : 0) ? 0 : outer;
}

/* What the largest and the smallest pad make of it. */
static uint32_t
overhead_min(const struct mtu_row *row)
{
	return (uint32_t)row->size.front + row->size.end + row->size.behind;
}

static uint32_t
overhead_max(const struct mtu_row *row)
{
	return overhead_min(row) + row->size.block - 1;
}

static void
json_row(const struct mtu_request *request, const struct mtu_row *row, struct json_out *json)
{
	char text[128];

	mtu_set_text(&row->shape.set, text, sizeof(text));
	jout_object_flat(json, NULL);
	jout_text(json, "transform", text);
	jout_text(json, "mode", row->shape.tunnel ? "tunnel" : "transport");
	jout_u64(json, "outer", row->shape.v6 ? 6 : 4);
	jout_u64(json, "inner", row->inner6 ? 6 : 4);
	jout_bool(json, "natt", row->shape.natt);
	jout_bool(json, "align4", row->shape.align4);
	jout_u64(json, "mtu", row->mtu);
	jout_u64(json, "overhead_min", overhead_min(row));
	jout_u64(json, "overhead_max", overhead_max(row));
	jout_u64(json, "inner_max", row_inner_max(row));
	jout_u64(json, "mss", row_mss(row));
	jout_array(json, "sizes");
	for (unsigned i = 0; i < request->n_sizes; i++) {
		uint32_t outer = row_outer(row, request->sizes[i]);

		jout_object(json, NULL);
		jout_u64(json, "inner", request->sizes[i]);
		if (outer)
			jout_u64(json, "outer", outer);
		else
			jout_null(json, "outer");
		jout_object_end(json);
	}
	jout_array_end(json);
	jout_object_end(json);
}

/* Bit b of i, where it is not fixed by what was asked for. */
static bool
side(int asked, unsigned i, unsigned b)
{
	return asked == FAMILY_BOTH ? i >> b & 1 : asked == 1;
}

/* The i-th of 16 combinations of mode, families and NAT-T into *row; false where it was not asked for. */
static bool
group_make(const struct mtu_request *request, unsigned i, struct mtu_row *row)
{
	/* with --all, NAT-T is shown besides what goes without */
	int natt = request->natt ? 1 : request->all ? FAMILY_BOTH : 0;
	int asked[4] = {natt, request->inner, request->outer, request->mode};

	for (unsigned b = 0; b < 4; b++)
		if (asked[b] != FAMILY_BOTH && (i >> b & 1))
			return false; /* would come twice */
	*row = (struct mtu_row){.inner6 = side(asked[1], i, 1)};
	row->shape.natt = side(asked[0], i, 0);
	row->shape.v6 = side(asked[2], i, 2);
	row->shape.tunnel = !side(asked[3], i, 3);
	row->shape.align4 = !request->no_align4;
	row->header = row->inner6 ? 40 : 20;
	row->stay = row->shape.tunnel ? 0 : row->header;
	return true;
}

/* The row of a set; false where there is no such packet, and why. */
static bool
row_make(const struct mtu_request *request, unsigned set, struct mtu_row *row, const char **why)
{
	const char *refused;

	row->shape.set = request->sets.set[set];
	row->size = ipsec_size_of(&row->shape);
	refused = row_refuse(row);
	if (refused)
		*why = refused;
	return !refused;
}

static void
heading_print(const struct mtu_row *row)
{
	printf("%s mode, %s outside, %s inside%s%s, MTU %u:\n", row->shape.tunnel ? "Tunnel" : "Transport",
		row->shape.v6 ? "IPv6" : "IPv4", row->inner6 ? "IPv6" : "IPv4",
		row->shape.natt ? ", NAT-T" : "", row->shape.align4 ? "" : ", AH padded to 8 bytes",
		row->mtu);
}

static void
cells_print(const struct mtu_request *request, const struct mtu_row *row, unsigned first, struct grid *grid)
{
	char text[128];

	mtu_set_text(&row->shape.set, text, sizeof(text));
	grid_cell(grid, "%s", text);
	if (overhead_min(row) == overhead_max(row))
		grid_cell(grid, "%u", overhead_min(row));
	else
		grid_cell(grid, "%u..%u", overhead_min(row), overhead_max(row));
	grid_cell(grid, "%u", row_inner_max(row));
	grid_cell(grid, "%u", row_mss(row));
	for (unsigned i = first; i < request->n_sizes && i < first + SIZES_ABREAST; i++) {
		uint32_t outer = row_outer(row, request->sizes[i]);

		if (outer)
			grid_cell(grid, "%s%u", outer > row->mtu ? "*" : "", outer);
		else
			grid_cell(grid, "-");
	}
}

/* All sets of a group, and as many sizes as stand side by side, from the first on. */
static unsigned
group_print(const struct mtu_request *request, struct mtu_row *row, unsigned first, const char **why)
{
	static const char *const heads[FIXED_COLUMNS] = {"transform", "overhead", "largest inner", "MSS"};
	unsigned sizes = request->n_sizes - first, shown = 0;
	struct grid grid;

	sizes = sizes < SIZES_ABREAST ? sizes : SIZES_ABREAST;
	grid_init(&grid, FIXED_COLUMNS + sizes, 1);
	for (unsigned i = 0; i < FIXED_COLUMNS; i++)
		grid_cell(&grid, "%s", heads[i]);
	for (unsigned i = 0; i < sizes; i++)
		grid_cell(&grid, "%u", request->sizes[first + i]);
	for (unsigned s = 0; s < request->sets.n; s++)
		if (row_make(request, s, row, why)) {
			cells_print(request, row, first, &grid);
			shown++;
		}
	if (!shown) {
		free(grid.cell);
		return 0;
	}
	heading_print(row);
	grid_print(&grid, stdout);
	printf("\n");
	return shown;
}

static unsigned
table_print(const struct mtu_request *request, const char **why)
{
	unsigned shown = 0;
	struct mtu_row row;

	for (unsigned i = 0; i < 16; i++)
		for (unsigned m = 0; m < request->n_mtus && group_make(request, i, &row); m++) {
			row.mtu = request->mtus[m];
			for (unsigned first = 0; first < request->n_sizes; first += SIZES_ABREAST)
				shown += group_print(request, &row, first, why);
		}
	if (shown)
		fputs(legend_text, stdout);
	return shown;
}

static unsigned
json_print(const struct mtu_request *request, const char **why)
{
	struct json_out json = {.out = stdout};
	unsigned shown = 0;
	struct mtu_row row;

	jout_object(&json, NULL);
	jout_u64(&json, "schema", 1);
	jout_array(&json, "rows");
	for (unsigned i = 0; i < 16; i++)
		for (unsigned m = 0; m < request->n_mtus && group_make(request, i, &row); m++)
			for (unsigned s = 0; s < request->sets.n; s++) {
				row.mtu = request->mtus[m];
				if (row_make(request, s, &row, why)) {
					json_row(request, &row, &json);
					shown++;
				}
			}
	jout_array_end(&json);
	jout_object_end(&json);
	return shown;
}

/* Says it, or says why there is nothing to say. */
static int
answer(const struct mtu_request *request)
{
	const char *why = NULL;
	unsigned shown = 0;
	struct mtu_row row;

	/* asked first, so that standard output holds an answer or nothing */
	for (unsigned i = 0; i < 16; i++)
		for (unsigned s = 0; s < request->sets.n && group_make(request, i, &row); s++)
			shown += row_make(request, s, &row, &why);
	if (!shown) {
		fprintf(stderr, COMMAND_NAME ": %s\n", why);
		return APP_USAGE;
	}
	if (request->json)
		json_print(request, &why);
	else
		table_print(request, &why);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, COMMAND_NAME ": standard output cannot be written\n");
		return APP_FAULT;
	}
	if (why && !request->all)
		fprintf(stderr, COMMAND_NAME ": left out: %s\n", why);
	return APP_OK;
}

int
command_mtu(int argc, char **argv)
{
	struct mtu_request *request = calloc(1, sizeof(*request));
	int code = APP_FAULT;

	if (!request)
		return code;
	request->mode = request->outer = request->inner = -1;
	code = request_parse(argc, argv, request);
	if (code < 0)
		code = answer(request);
	free(request);
	return code;
}
