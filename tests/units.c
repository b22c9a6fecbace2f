/* The CUnit runner: units [SUITE] runs one suite of suites.def, or all. */
#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <openssl/provider.h>

#define SUITE(name, file) int suite_##name(void);
#include "tests/suites.def"
#undef SUITE

static const struct {
	const char *name;
	int (*add)(void);
} suites[] = {
#define SUITE(name, file) {#name, suite_##name},
#include "tests/suites.def"
#undef SUITE
};

int
main(int argc, char **argv)
{
	/* DPDK's crypto_openssl, when its last device goes, unloads what OpenSSL otherwise loads unasked. */
	OSSL_PROVIDER *provider = OSSL_PROVIDER_load(NULL, "default");
	unsigned added = 0, failed;

	if (!provider || CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (unsigned i = 0; i < sizeof(suites) / sizeof(*suites); i++)
		if (argc < 2 || !strcmp(argv[1], suites[i].name)) {
			if (suites[i].add())
				return 2;
			added++;
		}
	if (!added) {
		fprintf(stderr, "units: there is no suite \"%s\"\n", argv[1]);
		return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() || !CU_get_number_of_tests_run();
	CU_cleanup_registry();
	OSSL_PROVIDER_unload(provider);
	return failed ? 1 : 0;
}
