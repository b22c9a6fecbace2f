/* The laboratory's wire (lab/wire.c) between two network namespaces, in real time: for scripts/validate-tcp,
 * where Linux's own TCP stands at both ends.  Needs root.
 *
 *	wire_live NETNS NETNS RATE DELAY_NS QUEUE_BYTES LOSS SEED
 *
 * Makes a TUN device "lab0" in each of the namespaces, says "ready", and carries IP packets from one to the
 * other until its standard input ends; then it prints what each direction counted.  The wire computes exact
 * times; how late a packet is handed out depends on the machine, so it asks for real-time priority. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/wire.h"

#define PACKET_MAX 65536u
#define BURST 64u

struct packet {
	uint32_t bytes;
	uint8_t data[];
};

static void
fail(const char *what)
{
	fprintf(stderr, "wire_live: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static int
tun_open(const char *netns)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	char path[256];
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || there < 0 || setns(there, CLONE_NEWNET))
		fail(path);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "lab0");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		fail("/dev/net/tun");
	if (setns(own, CLONE_NEWNET))
		fail("setns");
	close(own);
	close(there);
	return fd;
}

/* Everything that waits in a device goes onto its wire. */
static void
device_read(int fd, struct wire *wire, uint8_t *buffer)
{
	ssize_t n;

	while ((n = read(fd, buffer, PACKET_MAX)) > 0) {
		struct packet *p = malloc(sizeof(*p) + (size_t)n);

		if (!p)
			fail("malloc");
		p->bytes = (uint32_t)n;
		memcpy(p->data, buffer, (size_t)n);
		if (wire_put(wire, p, p->bytes, now_ns()))
			free(p);
	}
}

static void
device_write(int fd, struct wire *wire)
{
	struct wire_arrival arrivals[BURST];
	unsigned n;

	while ((n = wire_get(wire, now_ns(), arrivals, BURST)))
		for (unsigned i = 0; i < n; i++) {
			struct packet *p = arrivals[i].pkt;

			if (write(fd, p->data, p->bytes) != (ssize_t)p->bytes && errno != EIO)
				fail("write");
			free(p);
		}
}

static void
carry(const int fd[2], struct wire *wire[2])
{
	static uint8_t buffer[PACKET_MAX];

	for (;;) {
		struct pollfd polls[] = {{fd[0], POLLIN, 0}, {fd[1], POLLIN, 0}, {0, POLLIN, 0}};
		uint64_t due = time_min(wire_next_due(wire[0]), wire_next_due(wire[1])), now = now_ns();
		uint64_t wait = due == TIME_NEVER ? NS_PER_SEC : due > now ? due - now : 0;
		struct timespec timeout = {(time_t)(wait / NS_PER_SEC), (long)(wait % NS_PER_SEC)};

		if (ppoll(polls, 3, &timeout, NULL) < 0 && errno != EINTR)
			fail("ppoll");
		if (polls[2].revents)
			return;
		for (unsigned d = 0; d < 2; d++) {
			device_read(fd[d], wire[d], buffer);
			device_write(fd[!d], wire[d]);
		}
	}
}

int
main(int argc, char **argv)
{
	struct sched_param priority = {.sched_priority = 10};
	struct cfg_path path = {.name = "live", .mtu = 65535};
	struct wire *wire[2];
	int fd[2];

	if (argc != 8) {
		fprintf(stderr, "usage: wire_live NETNS NETNS RATE DELAY_NS QUEUE_BYTES LOSS SEED\n");
		return 2;
	}
	path.rate = strtoull(argv[3], NULL, 10);
	path.delay = strtoull(argv[4], NULL, 10);
	path.queue = (uint32_t)strtoul(argv[5], NULL, 10);
	path.loss = strtod(argv[6], NULL);
	for (unsigned d = 0; d < 2; d++) {
		fd[d] = tun_open(argv[1 + d]);
		/* the stream of chance of a laboratory's link "wan": the same packets are lost */
		if (wire_create(&path, strtoull(argv[7], NULL, 10), d ? "wan.wan.1" : "wan.wan.0", NULL, NULL,
			    &wire[d]))
			fail("wire_create");
	}
	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		fprintf(stderr, "wire_live: no real-time priority: times will be less exact\n");
	puts("ready");
	fflush(stdout);
	carry(fd, wire);
	for (unsigned d = 0; d < 2; d++) {
		const struct wire_stats *s = wire_stats(wire[d]);

		printf("put %lu lost %lu queue_drops %lu queue_bytes_max %lu\n", (unsigned long)s->put,
			(unsigned long)s->lost, (unsigned long)s->queue_drops,
			(unsigned long)s->queue_bytes_max);
		wire_destroy(wire[d]);
	}
	return 0;
}
