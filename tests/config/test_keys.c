/* config/keys.c: the table itself: every default can be stored, every row says what is allowed. */
#include <CUnit/CUnit.h>

#include <string.h>

#include "config/cfg.h"
#include "config/value.h"

int suite_keys(void);

/* Large enough for any struct of a section. */
union any_section {
	uint64_t align;
	char bytes[4096];
};

static void
test_defaults(void)
{
	union any_section place;
	struct arena arena = {0};
	char allowed[600];

	for (unsigned i = 0; i < key_count; i++) {
		const struct key *key = &keys[i];
		struct storing storing = {.key = key, .arena = &arena, .field = place.bytes + key->offset};

		CU_ASSERT_TRUE_FATAL(sections[key->of].size <= sizeof(place));
		CU_ASSERT_TRUE(key->offset < sections[key->of].size);
		CU_ASSERT_TRUE(strlen(key->doc) > 0);
		CU_ASSERT_TRUE(strlen(key_allowed(key, allowed, sizeof(allowed))) > 0);
		CU_ASSERT_TRUE(strlen(key_names(key->of, allowed, sizeof(allowed))) < sizeof(allowed) - 1);
		if (key->value == NULL || key->value == key_required)
			continue;
		storing.value = value_of_text(key->value);
		if (!value_store(&storing))
			printf("\n  %s: default \"%s\": %s\n", key->name, key->value, storing.what);
		CU_ASSERT_STRING_EQUAL(storing.what, "");
	}
	arena_free(&arena);
}

/* What value.c compares with a range has one. */
static void
test_ranges(void)
{
	for (unsigned i = 0; i < key_count; i++) {
		const struct key *key = &keys[i];

		switch (key->type) {
		case TYPE_U8:
			CU_ASSERT_TRUE(key->ranged && key->hi <= UINT8_MAX);
			break;
		case TYPE_U32:
		case TYPE_SIZE:
			CU_ASSERT_TRUE(key->ranged && key->hi <= UINT32_MAX);
			break;
		case TYPE_U64:
		case TYPE_DOUBLE:
		case TYPE_TIME:
		case TYPE_RATE:
		case TYPE_PROTO:
			CU_ASSERT_TRUE(key->ranged && key->lo < key->hi);
			break;
		case TYPE_ENUM:
		case TYPE_WORD:
			CU_ASSERT_NOT_EQUAL(key->words, WORDS_NONE);
			break;
		default:
			break;
		}
	}
}

static void
test_find(void)
{
	char text[200];

	CU_ASSERT_PTR_NULL(key_find(SECTION_HOST, "window"));
	CU_ASSERT_EQUAL(key_find(SECTION_SA, "window")->offset, offsetof(struct cfg_sa, window));
	CU_ASSERT_EQUAL(key_find(SECTION_GATEWAY, "ports")->of, SECTION_ROUTER);
	CU_ASSERT_EQUAL(key_find(SECTION_LINK, "name")->of, SECTION_LINK);
	CU_ASSERT_EQUAL(key_find(SECTION_LINK, "rate")->of, SECTION_PATH);
	CU_ASSERT_TRUE(key_belongs(key_find(SECTION_GATEWAY, "ports"), SECTION_GATEWAY));
	CU_ASSERT_FALSE(key_belongs(key_find(SECTION_LINK, "rate"), SECTION_LINK));
	CU_ASSERT_STRING_EQUAL(word_list(WORDS_DIRECTION, text, sizeof(text)), "out, in");
	CU_ASSERT_STRING_EQUAL(key_names(SECTION_ROUTE, text, sizeof(text)), "to, via");
	CU_ASSERT_STRING_EQUAL(key_names(SECTION_ROUTE, text, 5), "to, ");
}

int
suite_keys(void)
{
	CU_pSuite s = CU_add_suite("keys", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_defaults);
	CU_ADD_TEST(s, test_ranges);
	CU_ADD_TEST(s, test_find);
	return 0;
}
