/* The state file: where SAs begin after what it says, what is refused, and that nobody else has it.  What is
 * written while packets flow is the affair of scenario/gateway_live.py. */
#include "live/reserve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

int suite_reserve(void);

struct rig {
	char folder[32], path[64];
	struct cfg_sa sas[3];
	struct cfg_gateway cfg;
	struct reserve *reserve;
	char message[1000];
};

/* An outbound SA, an inbound one, and an outbound one with ESN; text: what the file says, NULL: no file. */
static enum status
rig_open(struct rig *rig, const char *text)
{
	memset(rig, 0, sizeof(*rig));
	strcpy(rig->folder, "/tmp/esplab-reserve-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/state", rig->folder);
	if (text) {
		FILE *file = fopen(rig->path, "w");

		CU_ASSERT_PTR_NOT_NULL_FATAL(file);
		fputs(text, file);
		fclose(file);
	}
	for (unsigned i = 0; i < 3; i++)
		rig->sas[i] = (struct cfg_sa){.direction = i == 1 ? CFG_IN : CFG_OUT,
			.spi = 0x1001 + i,
			.src = IP_V4(0xc0000201),
			.dst = IP_V4(0xc0000202),
			.first_seq = 1,
			.esn = i == 2};
	rig->cfg = (struct cfg_gateway){.sas = rig->sas, .n_sas = 3};
	return reserve_open(rig->path, &rig->reserve, rig->message, sizeof(rig->message));
}

static void
rig_close(struct rig *rig)
{
	char command[100];

	reserve_close(rig->reserve);
	unlink(rig->path);
	snprintf(command, sizeof(command), "%s.lock", rig->path);
	unlink(command);
	CU_ASSERT_EQUAL(rmdir(rig->folder), 0); /* nothing else was left there */
}

static void
begin(struct rig *rig, const char *text)
{
	CU_ASSERT_EQUAL_FATAL(rig_open(rig, text), ST_OK);
	CU_ASSERT_EQUAL(reserve_begin(rig->reserve, &rig->cfg, rig->message, sizeof(rig->message)), ST_OK);
}

static void
test_begin(void)
{
	struct rig rig;

	begin(&rig, NULL);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(rig.sas[i].first_seq, 1);
	CU_ASSERT_NOT_EQUAL(access(rig.path, F_OK), 0); /* a start that fails uses up nothing */
	rig_close(&rig);
	begin(&rig, "out 0x00001001 192.0.2.1 192.0.2.2 1048576\n"
		    "in 0x00001002 192.0.2.1 192.0.2.2 77\n"
		    "out 0x00001003 192.0.2.1 192.0.2.2 8589934592\n"
		    "out 0x00009999 2001:db8::1 2001:db8::2 5\n");
	CU_ASSERT_EQUAL(rig.sas[0].first_seq, 1048577);
	CU_ASSERT_EQUAL(rig.sas[1].first_seq, 78);
	CU_ASSERT_EQUAL(rig.sas[2].first_seq, UINT64_C(8589934593));
	rig_close(&rig);
	/* what is another SA's, by direction or end, is not this one's; what was asked for may be more */
	begin(&rig, "in 0x00001001 192.0.2.1 192.0.2.2 9\nout 0x00001001 192.0.2.1 192.0.2.3 9\n");
	CU_ASSERT_EQUAL(rig.sas[0].first_seq, 1);
	rig_close(&rig);
	/* at the end of its numbers: 2^32 - 1 was the last */
	begin(&rig, "out 0x00001001 192.0.2.1 192.0.2.2 4294967295\n");
	CU_ASSERT_EQUAL(rig.sas[0].first_seq, UINT64_C(4294967296));
	rig_close(&rig);
}

static void
test_refused(void)
{
	static const char *const bad[] = {"out 0x1001 192.0.2.1 192.0.2.2\n",
		"up 0x1001 192.0.2.1 192.0.2.2 1\n", "out 0x1001 192.0.2.1 192.0.2.300 1\n",
		"out 0x1001 192.0.2.1 192.0.2.2 1 2\n", "out 0x1001 192.0.2.1 192.0.2.2 1", "\n"};
	struct rig rig;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "in 0x1002 192.0.2.1 192.0.2.2 1\n%s", bad[i]);
		CU_ASSERT_EQUAL(rig_open(&rig, text), ST_ERR_CONFIG);
		CU_ASSERT_PTR_NULL(rig.reserve);
		CU_ASSERT_PTR_NOT_NULL(strstr(rig.message, "state:2: "));
		rig_close(&rig);
	}
}

/* What is to be made has its block in the file first; and where that cannot be, it is said. */
static void
test_write(void)
{
	struct reserve *again;
	struct rig rig;
	char moved[80];

	begin(&rig, NULL);
	CU_ASSERT_EQUAL(reserve_write(rig.reserve, rig.message, sizeof(rig.message)), ST_OK);
	reserve_close(rig.reserve);
	CU_ASSERT_EQUAL_FATAL(reserve_open(rig.path, &again, rig.message, sizeof(rig.message)), ST_OK);
	rig.reserve = again;
	rig.sas[0].first_seq = 1;
	CU_ASSERT_EQUAL(reserve_begin(again, &rig.cfg, rig.message, sizeof(rig.message)), ST_OK);
	CU_ASSERT_EQUAL(rig.sas[0].first_seq, RESERVE_BLOCK + 1);
	snprintf(moved, sizeof(moved), "%s-away", rig.folder);
	CU_ASSERT_EQUAL_FATAL(rename(rig.folder, moved), 0);
	CU_ASSERT_EQUAL(reserve_write(again, rig.message, sizeof(rig.message)), ST_ERR_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(rig.message, "cannot be written"));
	CU_ASSERT_EQUAL_FATAL(rename(moved, rig.folder), 0);
	CU_ASSERT_EQUAL(reserve_write(again, rig.message, sizeof(rig.message)), ST_OK);
	rig_close(&rig);
}

static void
test_lock(void)
{
	struct reserve *other;
	struct rig rig;

	begin(&rig, NULL);
	CU_ASSERT_EQUAL(reserve_open(rig.path, &other, rig.message, sizeof(rig.message)), ST_ERR_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(rig.message, "another gateway has it"));
	reserve_close(rig.reserve);
	CU_ASSERT_EQUAL(reserve_open(rig.path, &rig.reserve, rig.message, sizeof(rig.message)), ST_OK);
	rig_close(&rig);
}

int
suite_reserve(void)
{
	CU_pSuite s = CU_add_suite("reserve", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_begin);
	CU_ADD_TEST(s, test_refused);
	CU_ADD_TEST(s, test_write);
	CU_ADD_TEST(s, test_lock);
	return (int)CU_get_error();
}
