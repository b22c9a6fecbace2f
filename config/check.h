/* Names become indices, and contradictions become faults: all that is compared after reading.
 * Inside config/ only.  One thread. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/arena.h"
#include "config/cfg_net.h"
#include "config/faults.h"

struct reader;

struct check {
	struct cfg_lab *lab;
	const struct cfg_hooks *hooks;
	const struct reader *reader;
	struct arena *arena;
	struct faults *faults;
	struct faults *warnings;
};

/* check_all.c: all of the below, in order; nothing is compared that could not be resolved. */
void check_all(const struct check *check);
void check_names(const struct check *check);
void check_words(const struct check *check);

/* Says what is wrong with the key of an object that was read. */
void check_fault(const struct check *check, const void *object, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for what is worth a word, but runs. */
void check_warn(const struct check *check, const void *object, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* resolve.c: indices, and defaults that depend on other keys. */
void resolve_traffic(const struct check *check);
void resolve_engines(const struct check *check);
void resolve_links(const struct check *check);
void resolve_gateways(const struct check *check);
void resolve_changes(const struct check *check);
/* check_change.c */
void check_changes(const struct check *check);
/* check_engine.c */
void check_engine_faults(const struct check *check);
/* check_net.c */
void check_links(const struct check *check);
void check_addresses(const struct check *check);
void check_routes(const struct check *check);
/* check_sa.c, check_policy.c, check_qos.c, check_traffic.c */
void check_sas(const struct check *check);
/* check_sa_mode.c */
void check_sa_mode(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_sa *sa);
void check_sa_warnings(const struct check *check, const struct cfg_sa *sa);
void check_policies(const struct check *check);
void check_qos(const struct check *check);
void check_traffic(const struct check *check);
/* check_site.c: the same as check_all() for the file of a live gateway. */
void check_site(const struct check *check);
void check_site_addresses(const struct check *check); /* check_net.c */
/* check_walk.c: does every source reach its target? */
void check_walk(const struct check *check);

/* ---- small questions ---- */

/* Name of a node, host or gateway. */
const char *node_name(const struct cfg_lab *lab, uint32_t node);
/* Gateway of a node index, NULL for a host. */
const struct cfg_gateway *node_gateway(const struct cfg_lab *lab, uint32_t node);
/* The link at a node's port; *mine is that end's index.  NULL where there is none. */
const struct cfg_link *link_at(const struct cfg_lab *lab, uint32_t node, uint32_t port, unsigned *mine);
/* Index of the gateway that has a port with that address, CFG_NONE where none has. */
uint32_t gateway_of(const struct cfg_lab *lab, struct ip_addr address);

/* check_sa_mode.c: whether it is AH. */
bool sa_is_ah(const struct cfg_sa *sa);
/* Its mode; of AH over ESP that of the ESP SA. */
enum cfg_mode sa_mode(const struct cfg_gateway *gateway, const struct cfg_sa *sa);
/* The AH SA over an ESP SA of the gateway; NULL: none. */
const struct cfg_sa *sa_outside(const struct cfg_gateway *gateway, const struct cfg_sa *sa);
/* Index of the gateway that works at this end of an SA: it has the address, or in transport mode a host on
 * one of its links has.  CFG_NONE where there is none. */
uint32_t sa_end_gateway(const struct cfg_lab *lab, enum cfg_mode mode, struct ip_addr end);

#endif
