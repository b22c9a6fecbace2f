/* The mbuf pool of a process, and the small EAL that it needs.
 *
 * EAL itself runs without hugepages (--no-huge), so that anybody can start it; packet memory is mapped here:
 * hugetlb pages where the machine has some to spare, else ordinary memory with transparent huge pages asked
 * for. 4-KiB pages would double the cost of a packet.  No device ever reads this memory, so no IOVA is
 * needed. */
#include "dataplane/pool.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "config/cfg.h"
#include "dataplane/pkt.h"

#define HUGE_BYTES (UINT64_C(1) << 21)
#define LONG_ELEMENT 16384u
#define CACHE 256u /* mbufs that the thread keeps at hand */
/* For crypto devices, which take about 1 MiB each and 2 KiB for a session; mapped, not resident. */
#define EAL_MEGABYTES "256"
#define PCI_MAX 16u
#define PCI_TEXT 256u

static void
memory_free(struct rte_mempool_memhdr *hdr, void *opaque)
{
	munmap(hdr->addr, (size_t)(uintptr_t)opaque);
}

static void *
memory_map(size_t bytes, bool huge)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *p = huge ? mmap(NULL, bytes, prot, flags | MAP_HUGETLB, -1, 0) : MAP_FAILED;

	if (p != MAP_FAILED)
		return p;
	p = mmap(NULL, bytes, prot, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (huge)
		madvise(p, bytes, MADV_HUGEPAGE); /* a wish; without it things are slower, not wrong */
	return p;
}

static enum status
memory_populate(struct rte_mempool *pool, unsigned n)
{
	struct rte_mempool_objsz objsz;
	uint32_t element = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, &objsz);
	size_t bytes = ((size_t)n * element + 2 * HUGE_BYTES) & ~(HUGE_BYTES - 1);
	/* of long elements only the heads are touched at once: huge pages would make all of it resident */
	void *memory = memory_map(bytes, element <= LONG_ELEMENT);

	if (!memory)
		return ST_ERR_NOMEM;
	if (rte_mempool_populate_iova(
		    pool, memory, RTE_BAD_IOVA, bytes, memory_free, (void *)(uintptr_t)bytes) < (int)n) {
		if (!pool->nb_mem_chunks)
			munmap(memory, bytes);
		return ST_ERR_NOMEM;
	}
	return ST_OK;
}

uint32_t
pool_room(uint32_t max_bytes)
{
	return (PKT_HEADROOM + max_bytes + PKT_BEHIND + 63) & ~63u;
}

enum status
pool_create(unsigned n, uint32_t max_bytes, struct rte_mempool **out)
{
	uint32_t room = pool_room(max_bytes);
	struct rte_pktmbuf_pool_private private = {.mbuf_priv_size = sizeof(struct pkt)};
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	if (max_bytes > POOL_BYTES_MAX)
		return ST_ERR_RANGE;
	if (room >= UINT16_MAX) { /* pkt.h */
		private.mbuf_data_room_size = UINT16_MAX;
		room = PKT_ROOM_LONG;
	} else {
		private.mbuf_data_room_size = (uint16_t)room;
	}
	snprintf(name, sizeof(name), "pool_%p", (void *)out);
	pool = rte_mempool_create_empty(name, n, sizeof(struct rte_mbuf) + sizeof(struct pkt) + room,
		n < 2 * CACHE ? 0 : CACHE, sizeof(private), SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	if (!pool)
		return ST_ERR_NOMEM;
	if (rte_mempool_set_ops_byname(pool, "lf_stack", NULL)) {
		rte_mempool_free(pool);
		return ST_ERR_UNSUPPORTED;
	}
	rte_pktmbuf_pool_init(pool, &private);
	if (memory_populate(pool, n)) {
		rte_mempool_free(pool);
		return ST_ERR_NOMEM;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	*out = pool;
	return ST_OK;
}

void
pool_destroy(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}

struct rte_mbuf *
pool_clone(struct rte_mempool *pool, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(pool);
	uint16_t len = rte_pktmbuf_data_len(m);

	if (!copy)
		return NULL;
	copy->data_off = m->data_off;
	copy->data_len = len;
	copy->pkt_len = len;
	memcpy(rte_pktmbuf_mtod(copy, void *), rte_pktmbuf_mtod(m, void *), len);
	*pkt_of(copy) = *(const struct pkt *)(m + 1);
	return copy;
}

/* "0000:3d:01.0,qat_sym_x=1" is a PCI address and its arguments, "crypto_openssl" is none. */
static bool
is_pci(const char *device)
{
	size_t name = device ? strcspn(device, ",") : 0;

	return name && memchr(device, ':', name);
}

static bool
is_listed(char pci[][PCI_TEXT], unsigned n, const char *device)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(pci[i] + 2, device))
			return true;
	return false;
}

/* "--lcores=0@(0,1,4)": one lcore on all the CPUs that the process may use. */
static bool
lcores_text(char *text, size_t bytes)
{
	cpu_set_t cpus;
	size_t used = (size_t)snprintf(text, bytes, "--lcores=0@(");

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return false;
	for (unsigned c = 0, n = 0; c < CPU_SETSIZE && used < bytes - 8; c++)
		if (CPU_ISSET(c, &cpus))
			used += (size_t)snprintf(text + used, bytes - used, n++ ? ",%u" : "%u", c);
	snprintf(text + used, bytes - used, ")");
	return true;
}

enum status
pool_eal_init_for(const char *program, const struct cfg_engine *engines, unsigned n)
{
	char name[64], lcores[64], memory[] = "-m" EAL_MEGABYTES, no_pci[] = "--no-pci";
	char pci[PCI_MAX][PCI_TEXT];
	char *argv[16 + PCI_MAX] = {name, lcores, (char[]){"--no-huge"}, (char[]){"--no-telemetry"},
		(char[]){"--no-shconf"}, (char[]){"--no-hpet"}, memory, (char[]){"--log-level=error"}};
	unsigned argc = 8, n_pci = 0;

	snprintf(name, sizeof(name), "%s", program);
	if (!lcores_text(lcores, sizeof(lcores)))
		return ST_ERR_UNSUPPORTED;
	for (unsigned i = 0; i < n; i++) {
		const char *device = engines[i].device;

		if (!is_pci(device) || is_listed(pci, n_pci, device))
			continue;
		if (n_pci == PCI_MAX || strlen(device) >= PCI_TEXT - 2)
			return ST_ERR_RANGE;
		snprintf(pci[n_pci], PCI_TEXT, "-a%s", device);
		argv[argc++] = pci[n_pci++];
	}
	if (!n_pci)
		argv[argc++] = no_pci;
	return rte_eal_init((int)argc, argv) < 0 ? ST_ERR_UNSUPPORTED : ST_OK;
}

enum status
pool_eal_init(const char *program)
{
	return pool_eal_init_for(program, NULL, 0);
}
