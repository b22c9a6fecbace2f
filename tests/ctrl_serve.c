/* ctrl_serve PATH: a gateway and its peer in this process, a few packets through them, and their control
 * socket, until standard input ends.  For tests/scenario/console.py, which has no live driver. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "ctrl/ctrl.h"
#include "ctrl/socket.h"
#include "tests/kit/kit.h"

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Until stdin is at its end. */
static void
serve(struct ctrl_socket *socket)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char bytes[64];

	while (poll(&in, 1, 2) == 0 || (in.revents & POLLIN && read(STDIN_FILENO, bytes, sizeof(bytes)) > 0))
		while (ctrl_turn(socket, now_ns()))
			;
}

static void
traffic(struct kit_gateway *g)
{
	for (unsigned i = 0; i < 10; i++) {
		kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), i * 1000);
		kit_port_empty(&g->port[1]);
	}
}

int
main(int argc, char **argv)
{
	struct kit_gateway g;
	struct ctrl_single single = {0};
	struct ctrl_target target;
	struct ctrl *ctrl;
	struct ctrl_socket *socket;
	char message[512];

	kit_gateway_init(&g, "esp-gcm 128");
	if (argc != 2 || !kit_init() || !kit_gateway_start(&g))
		return 2;
	single.dp = g.dp;
	ctrl_single_target(&single, &target);
	if (ctrl_create(&target, &ctrl))
		return 2;
	if (ctrl_socket_create(ctrl, argv[1], &socket, message, sizeof(message))) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	traffic(&g);
	printf("ready\n");
	fflush(stdout);
	serve(socket);
	ctrl_socket_destroy(socket);
	kit_gateway_stop(&g);
	ctrl_destroy(ctrl);
	return 0;
}
