/* config/load.c and read.c: what stands in a file stands in the structs, and nothing of it is left
 * afterwards. */
#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "config/cfg_net.h"
#include "config/words.h"
#include "tests/config/lab_text.h"

int suite_load(void);

/* The base laboratory with one replacement; fails the test where it does not load. */
static struct cfg_lab *
load_with(const char *old, const char *new)
{
	char *text = lab_replace(lab_base, old, new), file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab = NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	if (lab_load_text(text, strlen(text), NULL, 0, &lab, file, message) != ST_OK)
		printf("%s\n", message);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab);
	free(text);
	return lab;
}

static void
test_defaults(void)
{
	struct cfg_lab *lab = load_with("duration = 1;", "duration = 1;");
	const struct cfg_gateway *gwa = &lab->gateways[0];
	const struct cfg_traffic *data = &lab->traffic[0];
	const struct cfg_path *path = &lab->links[2].paths[0];

	CU_ASSERT_STRING_EQUAL(lab->title, "");
	CU_ASSERT_EQUAL(lab->duration, UINT64_C(1000000000));
	CU_ASSERT_EQUAL(lab->drain, UINT64_C(10000000000));
	CU_ASSERT_EQUAL(lab->seed, 1);
	CU_ASSERT_EQUAL(lab->mbufs, 65536);
	CU_ASSERT_EQUAL(lab->reorder_depth, 1024);
	CU_ASSERT_TRUE(lab->events);
	CU_ASSERT_EQUAL(lab->hosts[0].poll_interval, 10000);
	CU_ASSERT_EQUAL(gwa->platform, CFG_PLATFORM_IOS);
	CU_ASSERT_EQUAL(gwa->poll_interval, 10000);
	CU_ASSERT_EQUAL(gwa->sequence, CFG_SEQ_BEFORE_QUEUE);
	CU_ASSERT_STRING_EQUAL(gwa->engine, "ipsec_mb");
	CU_ASSERT_EQUAL(gwa->log_rate, 0);
	CU_ASSERT_EQUAL(gwa->log_burst, 10);
	CU_ASSERT_EQUAL(gwa->ports[0].mtu, 1500);
	CU_ASSERT_EQUAL(gwa->ports[0].qos.kind, CFG_QOS_FIFO);
	CU_ASSERT_EQUAL(gwa->ports[0].qos.queue_limit, 1000);
	CU_ASSERT_EQUAL(gwa->ports[0].qos.unit, CFG_UNIT_PACKETS);
	CU_ASSERT_EQUAL(gwa->ports[0].qos.n_classes, 0);
	CU_ASSERT_EQUAL(gwa->ports[1].qos.classes[0].queue_limit, 64);
	CU_ASSERT_EQUAL(path->rate, 0);
	CU_ASSERT_EQUAL(path->delay, 0);
	CU_ASSERT_EQUAL(path->jitter, CFG_JITTER_NONE);
	CU_ASSERT_EQUAL(path->mtu, 65535);
	CU_ASSERT_EQUAL(path->queue, 0);
	CU_ASSERT_EQUAL(path->overhead, 0);
	CU_ASSERT_EQUAL(path->weight, 1);
	CU_ASSERT_STRING_EQUAL(path->name, "lan-b");
	CU_ASSERT_FALSE(lab->links[2].capture);
	CU_ASSERT_STRING_EQUAL(data->class_name, "data");
	CU_ASSERT_EQUAL(data->proto, 17);
	CU_ASSERT_EQUAL(data->sport, 10000);
	CU_ASSERT_EQUAL(data->dport, 20000);
	CU_ASSERT_EQUAL(data->flows, 1);
	CU_ASSERT_EQUAL(data->size, 1400);
	CU_ASSERT_EQUAL(data->on, 10000000);
	CU_ASSERT_EQUAL(data->off, 90000000);
	CU_ASSERT_STRING_EQUAL(data->codec, "g711");
	CU_ASSERT_EQUAL(data->calls, 1);
	CU_ASSERT_EQUAL(data->speed, 1.0);
	CU_ASSERT_EQUAL(data->stop, 0);
	CU_ASSERT_EQUAL_FATAL(data->n_mix, 3);
	CU_ASSERT_EQUAL(data->mix[0].bytes, 46);
	CU_ASSERT_EQUAL(data->mix[0].weight, 7);
	CU_ASSERT_EQUAL(data->mix[2].bytes, 1500);
	CU_ASSERT_EQUAL(data->mix[2].weight, 1);
	cfg_free(lab);
}

static void
test_sa_defaults(void)
{
	struct cfg_lab *lab = load_with("duration = 1;", "duration = 1;");
	const struct cfg_sa *sa = &lab->gateways[0].sas[0];

	CU_ASSERT_EQUAL(sa->window, 64);
	CU_ASSERT_STRING_EQUAL(sa->replay, "bitmap");
	CU_ASSERT_EQUAL(sa->first_seq, 1);
	CU_ASSERT_EQUAL(sa->df, CFG_DF_COPY);
	CU_ASSERT_EQUAL(sa->dscp, -1);
	CU_ASSERT_EQUAL(sa->ttl, 64);
	CU_ASSERT_FALSE(sa->esn);
	CU_ASSERT_EQUAL(lab->gateways[0].policies[0].direction, CFG_OUT);
	CU_ASSERT_EQUAL(lab->gateways[0].policies[0].proto, 256);
	CU_ASSERT_EQUAL(lab->gateways[0].policies[0].sport.lo, 0);
	CU_ASSERT_EQUAL(lab->gateways[0].policies[0].sport.hi, 65535);
	CU_ASSERT_EQUAL(lab->gateways[0].policies[1].src.len, 0);
	cfg_free(lab);
}

/* An address that is a list: the first where it always was, the others behind it; routes and SAs know all. */
static void
test_several_addresses(void)
{
	struct cfg_lab *lab = load_with(
		"\"10.1.0.1/16\"", "( \"2001:db8:1::1/64\", \"198.51.100.1/24\", \"10.1.0.1/16\" )");
	const struct ip_addr far = {UINT64_C(0x20010db800010000), 2};
	const struct cfg_port *port = &lab->gateways[0].ports[0];
	const struct cfg_end end = lab->links[0].end[1];

	CU_ASSERT_EQUAL_FATAL(cfg_port_addresses(port), 3);
	CU_ASSERT_EQUAL(cfg_port_addresses(&lab->gateways[0].ports[1]), 1);
	CU_ASSERT(!ip_is_v4(port->address.addr) && port->address.only_v6 && port->address.len == 64);
	CU_ASSERT(ip_equal(cfg_port_address(port, 2)->addr, ip_v4(0x0a010001)));
	CU_ASSERT_EQUAL(cfg_port_address(port, 2)->len, IP_V4_LEN + 16);
	CU_ASSERT_PTR_EQUAL(cfg_port_net(port, ip_v4(0x0a010002)), cfg_port_address(port, 2));
	CU_ASSERT_PTR_NULL(cfg_port_net(port, ip_v4(0x0a020000)));
	CU_ASSERT(cfg_port_has(port, ip_v4(0xc6336401)) && !cfg_port_has(port, ip_v4(0xc6336402)));
	/* in the same network, else the first of the family */
	CU_ASSERT_PTR_EQUAL(cfg_port_source(port, ip_v4(0x0a010002)), cfg_port_address(port, 2));
	CU_ASSERT_PTR_EQUAL(cfg_port_source(port, ip_v4(0x0a020001)), cfg_port_address(port, 1));
	CU_ASSERT_PTR_EQUAL(cfg_port_source(port, far), &port->address);
	CU_ASSERT_PTR_NULL(cfg_port_source(&lab->gateways[0].ports[1], far));
	CU_ASSERT_TRUE(cfg_end_has(lab, &end, ip_v4(0x0a010001)));
	CU_ASSERT(ip_equal(cfg_end_address(lab, &end, ip_v4(0x0a010002)), ip_v4(0x0a010001)));
	CU_ASSERT(ip_equal(cfg_end_address(lab, &end, far), port->address.addr));
	cfg_free(lab);
}

static void
test_values_and_indices(void)
{
	struct cfg_lab *lab = load_with("duration = 1;", "duration = 1;");
	const struct cfg_gateway *gwa = &lab->gateways[0];
	const struct cfg_class *classes = gwa->ports[1].qos.classes;

	CU_ASSERT_EQUAL(lab->n_hosts, 2);
	CU_ASSERT_EQUAL(lab->n_gateways, 2);
	CU_ASSERT(ip_equal(lab->hosts[1].address, ip_v4(0x0a02000a)));
	CU_ASSERT(ip_equal(gwa->ports[1].address.addr, ip_v4(0xc0000201)));
	CU_ASSERT_EQUAL(gwa->ports[1].address.len, IP_V4_LEN + 30);
	CU_ASSERT_EQUAL(gwa->ports[1].qos.shape, 4000000);
	CU_ASSERT_EQUAL_FATAL(gwa->ports[1].qos.n_classes, 3);
	CU_ASSERT_EQUAL(classes[0].dscp, UINT64_C(1) << 46);
	CU_ASSERT_EQUAL(classes[0].priority, 1000000);
	CU_ASSERT_EQUAL(classes[1].dscp, UINT64_C(1) << 18 | UINT64_C(1) << 20);
	CU_ASSERT_EQUAL(classes[1].queue_limit, 100);
	CU_ASSERT_EQUAL(classes[2].dscp, 0);
	CU_ASSERT_EQUAL(gwa->routes[0].port, 1);
	CU_ASSERT(ip_equal(gwa->routes[0].via, ip_v4(0xc0000202)));
	CU_ASSERT_EQUAL(gwa->sas[1].spi, 0x2001);
	CU_ASSERT_EQUAL(gwa->policies[0].sa_index, 0);
	CU_ASSERT_EQUAL(gwa->policies[1].sa_index, 1);
	CU_ASSERT_EQUAL(gwa->policies[1].dport.lo, 1000);
	CU_ASSERT_EQUAL(gwa->policies[1].dport.hi, 2000);
	CU_ASSERT_EQUAL(lab->links[0].end[0].node, 0);
	CU_ASSERT_EQUAL(lab->links[0].end[1].node, 2);
	CU_ASSERT_EQUAL(lab->links[0].end[1].port, 0);
	CU_ASSERT_EQUAL(lab->links[1].end[1].node, 3);
	CU_ASSERT_EQUAL(lab->links[1].end[1].port, 1);
	CU_ASSERT_EQUAL(lab->links[0].paths[0].rate, 1000000000);
	CU_ASSERT_EQUAL(lab->links[1].paths[0].delay, 20000000);
	CU_ASSERT_EQUAL(lab->traffic[0].from_host, 0);
	CU_ASSERT_EQUAL(lab->traffic[0].to_end.node, 1);
	CU_ASSERT_EQUAL(lab->traffic[0].dscp, 18);
	CU_ASSERT_EQUAL(gwa->where.line, lab_line(lab_base, "{ name = \"gwa\""));
	CU_ASSERT_EQUAL(lab->traffic[0].where.line, lab_line(lab_base, "kind = \"imix\""));
	CU_ASSERT_STRING_EQUAL(lab->traffic[0].where.file, lab->file);
	cfg_free(lab);
}

/* Keys "auto": the stream of the run's seed and the SA's name, the same at both ends, not for two uses. */
static void
test_auto_keys(void)
{
	struct cfg_lab *lab = load_with("duration = 1;", "duration = 1; seed = 77;");
	const struct cfg_sa *in = &lab->gateways[0].sas[1], *out = &lab->gateways[1].sas[1];
	uint8_t expected[20];
	struct rng rng;

	rng_init(&rng, 77, "key.b-a.auth");
	rng_bytes(&rng, expected, 20);
	CU_ASSERT_EQUAL(in->auth_key_len, 20);
	CU_ASSERT_EQUAL(memcmp(in->auth_key, expected, 20), 0);
	rng_init(&rng, 77, "key.b-a.cipher");
	rng_bytes(&rng, expected, 16);
	CU_ASSERT_EQUAL(in->key_len, 16);
	CU_ASSERT_EQUAL(memcmp(in->key, expected, 16), 0);
	CU_ASSERT_EQUAL(memcmp(in->key, out->key, 16), 0);
	CU_ASSERT_EQUAL(lab->gateways[0].sas[0].key_len, 20);
	CU_ASSERT_EQUAL(lab->gateways[0].sas[0].auth_key_len, 0);
	cfg_free(lab);
}

/* Paths take from the link what they lack. */
static void
test_paths(void)
{
	struct cfg_lab *lab = load_with("delay = \"20 ms\"; }",
		"delay = \"20 ms\"; select = \"weight\"; mtu = 1400; "
		"paths = ( { weight = 3; }, { name = \"slow\"; rate = \"64 kb/s\"; jitter = \"pareto\"; "
		"jitter_scale = \"250 us\"; jitter_shape = 2; reorder = true; loss = 0.25; } ); }");
	const struct cfg_link *wan = &lab->links[1];

	CU_ASSERT_EQUAL(wan->select, CFG_SELECT_WEIGHT);
	CU_ASSERT_EQUAL_FATAL(wan->n_paths, 2);
	CU_ASSERT_STRING_EQUAL(wan->paths[0].name, "wan-0");
	CU_ASSERT_EQUAL(wan->paths[0].rate, 10000000);
	CU_ASSERT_EQUAL(wan->paths[0].delay, 20000000);
	CU_ASSERT_EQUAL(wan->paths[0].weight, 3);
	CU_ASSERT_EQUAL(wan->paths[0].mtu, 1400);
	CU_ASSERT_STRING_EQUAL(wan->paths[1].name, "slow");
	CU_ASSERT_EQUAL(wan->paths[1].rate, 64000);
	CU_ASSERT_EQUAL(wan->paths[1].delay, 20000000);
	CU_ASSERT_EQUAL(wan->paths[1].jitter, CFG_JITTER_PARETO);
	CU_ASSERT_EQUAL(wan->paths[1].jitter_scale, 250000);
	CU_ASSERT_EQUAL(wan->paths[1].jitter_shape, 2.0);
	CU_ASSERT_TRUE(wan->paths[1].reorder);
	CU_ASSERT_EQUAL(wan->paths[1].loss, 0.25);
	CU_ASSERT_EQUAL(wan->paths[1].weight, 1);
	cfg_free(lab);
}

/* A router in the middle: behind the gateways, with their defaults. */
static void
test_router(void)
{
	char *one = lab_replace(lab_base, "links = (\n",
		"routers = ( { name = \"mid\"; ports = ( { name = \"l\"; address = "
		"\"10.3.0.1/24\"; } ); } );\nlinks = (\n  { name = \"c\"; ends = [ \"mid.l\", \"c\" ]; rate "
		"= 1; },\n");
	char *two = lab_replace(
		one, "hosts = (\n", "hosts = (\n  { name = \"c\"; address = \"10.3.0.2\"; },\n");
	char file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab;

	CU_ASSERT_EQUAL(lab_load_text(two, strlen(two), NULL, 0, &lab, file, message), ST_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab);
	CU_ASSERT_EQUAL_FATAL(lab->n_gateways, 3);
	CU_ASSERT_FALSE(lab->gateways[1].is_router);
	CU_ASSERT_TRUE(lab->gateways[2].is_router);
	CU_ASSERT_STRING_EQUAL(lab->gateways[2].name, "mid");
	CU_ASSERT_STRING_EQUAL(lab->gateways[2].engine, "ipsec_mb");
	CU_ASSERT_EQUAL(lab->gateways[2].poll_interval, 10000);
	CU_ASSERT_EQUAL(lab->links[0].end[0].node, 5);
	CU_ASSERT_EQUAL(lab->links[0].end[1].node, 0);
	cfg_free(lab);
	free(one);
	free(two);
}

/* Numbers beyond 32 bits, which libconfig by itself would cut. */
static void
test_large_numbers(void)
{
	struct cfg_lab *lab = load_with(
		"duration = 1;", "duration = 1; seed = 18446744073709551615; mbufs = 0x2000;");

	CU_ASSERT_EQUAL(lab->seed, UINT64_MAX);
	CU_ASSERT_EQUAL(lab->mbufs, 8192);
	cfg_free(lab);
	lab = load_with("rate = 1000000000;", "rate = 40000000000;");
	CU_ASSERT_EQUAL(lab->links[0].paths[0].rate, UINT64_C(40000000000));
	cfg_free(lab);
}

static void
test_variants(void)
{
	struct cfg_lab *lab = load_with("traffic = (",
		"variants = ( { name = \"as is\"; },\n"
		"  { name = \"window 1024\"; set = [ \"gateways.gwb.sas.a-b.window = 1024\", "
		"\"lab.duration=2 s\" ]; } );\n"
		"traffic = (");

	CU_ASSERT_EQUAL_FATAL(lab->n_variants, 2);
	CU_ASSERT_EQUAL(lab->variants[0].n_set, 0);
	CU_ASSERT_STRING_EQUAL(lab->variants[1].name, "window 1024");
	CU_ASSERT_EQUAL_FATAL(lab->variants[1].n_set, 2);
	CU_ASSERT_STRING_EQUAL(lab->variants[1].set[0].path, "gateways.gwb.sas.a-b.window");
	CU_ASSERT_STRING_EQUAL(lab->variants[1].set[0].value, "1024");
	CU_ASSERT_STRING_EQUAL(lab->variants[1].set[1].value, "2 s");
	CU_ASSERT_EQUAL(lab->gateways[1].sas[0].window, 64);
	cfg_free(lab);
}

static void
test_words(void)
{
	CU_ASSERT_STRING_EQUAL(cfg_platform_word(CFG_PLATFORM_IOSXE), "iosxe");
	CU_ASSERT_STRING_EQUAL(cfg_sequence_word(CFG_SEQ_AFTER_QUEUE), "after-queue");
	CU_ASSERT_STRING_EQUAL(cfg_traffic_kind_word(CFG_TRAFFIC_PCAP), "pcap");
	CU_ASSERT_STRING_EQUAL(cfg_jitter_word((enum cfg_jitter)99), "?");
}

static void
test_no_file(void)
{
	const struct cfg_hooks hooks = {.transform = lab_fake_transform};
	char message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab;

	CU_ASSERT_EQUAL(
		cfg_load("/nonexistent/lab.cfg", NULL, 0, &hooks, &lab, message, sizeof(message)), ST_ERR_IO);
	CU_ASSERT_PTR_NULL(lab);
	CU_ASSERT_STRING_EQUAL(message, "/nonexistent/lab.cfg: No such file or directory");
	CU_ASSERT_EQUAL(cfg_load("/", NULL, 0, &hooks, &lab, message, sizeof(message)), ST_ERR_IO);
	CU_ASSERT_STRING_EQUAL(message, "/: Is a directory");
	CU_ASSERT_EQUAL(cfg_load("/", NULL, 0, &hooks, &lab, message, 0), ST_ERR_IO);
	cfg_free(NULL);
}

static char *
read_whole(const char *name, size_t *n)
{
	FILE *stream = fopen(name, "r");
	char *text = malloc(65536);

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	*n = fread(text, 1, 65536, stream);
	fclose(stream);
	return text;
}

/* Cut anywhere, or with a byte gone wrong, a file is refused or loaded, and nothing else happens. */
static void
test_damaged_files(void)
{
	char file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab;
	size_t n;
	char *text = read_whole(ESPLAB_TESTS "/../config/lab/qos-reorder.cfg", &n);

	CU_ASSERT_EQUAL(lab_load_text(text, n, NULL, 0, &lab, file, message), ST_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab);
	CU_ASSERT_TRUE(lab->n_variants >= 7);
	cfg_free(lab);
	for (size_t cut = 0; cut < n; cut++) {
		lab_load_text(text, cut, NULL, 0, &lab, file, message);
		cfg_free(lab);
	}
	for (size_t i = 0; i < n; i += 13) {
		char kept = text[i];

		text[i] = "\"({=;0\\/#-\0\xff"[i / 13 % 12];
		lab_load_text(text, n, NULL, 0, &lab, file, message);
		cfg_free(lab);
		text[i] = kept;
	}
	free(text);
}

int
suite_load(void)
{
	CU_pSuite s = CU_add_suite("load", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_defaults);
	CU_ADD_TEST(s, test_sa_defaults);
	CU_ADD_TEST(s, test_several_addresses);
	CU_ADD_TEST(s, test_values_and_indices);
	CU_ADD_TEST(s, test_auto_keys);
	CU_ADD_TEST(s, test_paths);
	CU_ADD_TEST(s, test_router);
	CU_ADD_TEST(s, test_large_numbers);
	CU_ADD_TEST(s, test_variants);
	CU_ADD_TEST(s, test_words);
	CU_ADD_TEST(s, test_no_file);
	CU_ADD_TEST(s, test_damaged_files);
	return 0;
}
