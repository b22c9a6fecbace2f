/* base/link_layer: where IP begins in a frame, and of which family the frame says it is. */
#include "base/link_layer.h"

#include <CUnit/CUnit.h>
#include <pcap/pcap.h>

int suite_link_layer(void);

#define BOTH (LINK_IPV4 | LINK_IPV6)

/* Frames: the first bytes, how many there are, where the packet begins, and what it may be. */
static const struct {
	int link_type;
	const char *bytes;
	uint32_t n, at;
	unsigned families;
} frames[] = {
	{DLT_EN10MB, "aaaaaabbbbbb\x08\x00", 14, 14, LINK_IPV4},
	{DLT_EN10MB, "aaaaaabbbbbb\x86\xdd", 14, 14, LINK_IPV6},
	{DLT_EN10MB, "aaaaaabbbbbb\x08\x06", 14, 0, 0},
	{DLT_EN10MB, "aaaaaabbbbbb\x08", 13, 0, 0},
	{DLT_EN10MB, "aaaaaabbbbbb\x81\x00..\x86\xdd", 18, 18, LINK_IPV6},
	{DLT_EN10MB, "aaaaaabbbbbb\x88\xa8..\x81\x00..\x08\x00", 22, 22, LINK_IPV4},
	{DLT_EN10MB, "aaaaaabbbbbb\x81\x00..\x86", 17, 0, 0},
	{DLT_LINUX_SLL, "..............\x86\xdd", 16, 16, LINK_IPV6},
	{DLT_LINUX_SLL2, "\x08\x00..................", 20, 20, LINK_IPV4},
	{DLT_RAW, "", 0, 0, BOTH},
	{DLT_IPV4, "", 0, 0, BOTH},
	{DLT_IPV6, "", 0, 0, BOTH},
	{DLT_NULL, "\x02\x00\x00\x00", 4, 4, LINK_IPV4},
	{DLT_NULL, "\x1e\x00\x00\x00", 4, 4, LINK_IPV6},
	{DLT_LOOP, "\x00\x00\x00\x1c", 4, 4, LINK_IPV6},
	{DLT_LOOP, "\x00\x00\x00\x07", 4, 0, 0},
	{DLT_LOOP, "\x00\x00\x00", 3, 0, 0},
	{DLT_IEEE802_11, "", 0, 0, 0},
	{DLT_NULL, "\x00\x00\x00\x0a", 4, 4, LINK_IPV6},
	{DLT_NULL, "\x00\x02\x00\x00", 4, 0, 0},
	{DLT_EN10MB, "aaaaaabbbbbb\x81\x00..\x81\x00..\x81\x00..\x08\x00", 26, 0, 0},
};

static void
test_frames(void)
{
	for (unsigned i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		CU_ASSERT_EQUAL(link_layer_known(frames[i].link_type), frames[i].link_type != DLT_IEEE802_11);
		for (unsigned ask = LINK_IPV4; ask <= BOTH; ask++)
			CU_ASSERT_EQUAL(link_layer_bytes(frames[i].link_type, ask,
						(const uint8_t *)frames[i].bytes, frames[i].n),
				frames[i].families & ask ? frames[i].at : UINT32_MAX);
	}
}

int
suite_link_layer(void)
{
	CU_pSuite s = CU_add_suite("link_layer", NULL, NULL);

	CU_ADD_TEST(s, test_frames);
	return 0;
}
