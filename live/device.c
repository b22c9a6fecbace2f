/* Opening DPDK devices: by PCI address, by the name of one that exists, or made from a driver's name and
 * arguments ("net_af_packet0,iface=eth1").
 *
 * net_af_packet says that its link is up whatever becomes of its interface: there the kernel is asked. */
#include "live/device.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "live/neigh.h"

#define DESCRIPTORS 1024u
#define MEMIF_BYTES 2048u /* bsize of net_memif, unless told */

static enum status
fail(const struct live_device *device, enum status status, const char *what, int error, char *message,
	size_t bytes)
{
	snprintf(message, bytes, "port %s: device \"%s\": %s%s%s", device->cfg->name, device->cfg->device,
		what, error ? ": " : "", error ? rte_strerror(error < 0 ? -error : error) : "");
	return status;
}

/* The index of the interface of a net_af_packet: names can be given anew. */
static unsigned
iface_index(const char *device)
{
	const char *iface = strstr(device, ",iface=");
	char name[IF_NAMESIZE];

	if (strncmp(device, "net_af_packet", strlen("net_af_packet")) || !iface)
		return 0;
	iface += strlen(",iface=");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(iface, ","), iface);
	return if_nametoindex(name);
}

static enum status
device_find(struct live_device *device, char *message, size_t bytes)
{
	size_t n = strcspn(device->cfg->device, ",");
	int error;

	if (n >= sizeof(device->name))
		return fail(device, ST_ERR_RANGE, "the name is too long", 0, message, bytes);
	snprintf(device->name, sizeof(device->name), "%.*s", (int)n, device->cfg->device);
	if (!rte_eth_dev_get_port_by_name(device->name, &device->id))
		return ST_OK;
	error = rte_dev_probe(device->cfg->device);
	if (error < 0)
		return fail(device, ST_ERR_NOT_FOUND, "cannot be made", error, message, bytes);
	device->made = true;
	if (rte_eth_dev_get_port_by_name(device->name, &device->id))
		return fail(device, ST_ERR_NOT_FOUND, "is no Ethernet device", 0, message, bytes);
	return ST_OK;
}

/* The longest frame that a driver of DPDK 22.11 is to be trusted with.  net_tap sends nothing that is longer
 * than it says, whatever MTU its interface is given; net_memif, once a frame lay in several of its buffers,
 * hands out the same packets for ever. */
static uint32_t
frame_most(const struct live_device *device, const struct rte_eth_dev_info *info)
{
	const char *bsize = strstr(device->cfg->device, ",bsize=");

	if (!strcmp(info->driver_name, "net_tap"))
		return info->max_rx_pktlen - RTE_ETHER_CRC_LEN;
	if (!strcmp(info->driver_name, "net_memif"))
		return bsize ? (uint32_t)strtoul(bsize + strlen(",bsize="), NULL, 10) : MEMIF_BYTES;
	return UINT32_MAX;
}

static enum status
mtu_check(const struct live_device *device, const struct rte_eth_dev_info *info, char *message, size_t bytes)
{
	uint32_t most = frame_most(device, info), frame = device->cfg->mtu + RTE_ETHER_HDR_LEN;

	if (frame <= most)
		return ST_OK;
	snprintf(message, bytes, "port %s: device \"%s\": mtu %u; allowed with %s: at most %u%s",
		device->cfg->name, device->cfg->device, device->cfg->mtu, info->driver_name,
		most < RTE_ETHER_HDR_LEN ? 0 : most - RTE_ETHER_HDR_LEN,
		strcmp(info->driver_name, "net_memif") ? "" : ", or a larger bsize at both ends");
	return ST_ERR_RANGE;
}

/* Drivers of software refuse an MTU that their kernel interface has nevertheless: the second time they are
 * not told. */
static int
configure(const struct live_device *device, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {.rxmode = {.mtu = device->cfg->mtu}};
	uint16_t queues = device->queues;
	int error;

	if (queues > 1 && info->flow_type_rss_offloads) { /* others spread packets by themselves */
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads;
	}
	error = rte_eth_dev_configure(device->id, queues, queues, &conf);
	if (error != -EINVAL)
		return error;
	conf.rxmode.mtu = 0;
	return rte_eth_dev_configure(device->id, queues, queues, &conf);
}

/* As many as the workers want, if the device has them.  What a net_memif has depends on its other end, which
 * is not there yet. */
static uint16_t
queues_count(uint16_t wanted, const struct rte_eth_dev_info *info)
{
	uint16_t most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);

	if (info->driver_name && !strcmp(info->driver_name, "net_memif"))
		most = RTE_MIN(most, 1);
	return RTE_MIN(wanted, most);
}

static int
queues_setup(const struct live_device *device, struct rte_mempool *pool)
{
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(device->id);
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(device->id, &rx, &tx);

	for (uint16_t q = 0; q < device->queues && !error; q++) {
		error = rte_eth_rx_queue_setup(device->id, q, rx, (unsigned)socket, NULL, pool);
		if (!error)
			error = rte_eth_tx_queue_setup(device->id, q, tx, (unsigned)socket, NULL);
	}
	return error;
}

static enum status
device_start(
	struct live_device *device, uint16_t queues, struct rte_mempool *pool, char *message, size_t bytes)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int error = rte_eth_dev_info_get(device->id, &info);

	if (error)
		return fail(device, ST_ERR_IO, "tells nothing of itself", error, message, bytes);
	device->queues = queues_count(queues, &info);
	if (!device->queues)
		return fail(device, ST_ERR_UNSUPPORTED, "cannot both receive and send", 0, message, bytes);
	if (mtu_check(device, &info, message, bytes))
		return ST_ERR_RANGE;
	error = configure(device, &info);
	if (error)
		return fail(device, ST_ERR_IO, "cannot be configured", error, message, bytes);
	error = queues_setup(device, pool);
	if (error)
		return fail(device, ST_ERR_IO, "has no such queues", error, message, bytes);
	error = rte_eth_dev_start(device->id);
	if (error)
		return fail(device, ST_ERR_IO, "does not start", error, message, bytes);
	device->started = true;
	rte_eth_allmulticast_enable(device->id); /* for questions to our group; what cannot do it takes all */
	error = rte_eth_macaddr_get(device->id, &mac);
	if (error)
		return fail(device, ST_ERR_IO, "has no MAC", error, message, bytes);
	memcpy(&device->mac, &mac, sizeof(device->mac));
	device->iface = iface_index(device->cfg->device);
	return ST_OK;
}

static enum status
neighbours_create(struct live_device *device, uint64_t ageing)
{
	const struct cfg_gateway *gateway = device->gateway;
	enum status status = neigh_create(ageing, &device->neigh);

	for (unsigned i = 0; i < gateway->n_neighbours && !status; i++)
		if (gateway->neighbours[i].port == device->index)
			status = neigh_add_static(
				device->neigh, gateway->neighbours[i].address, &gateway->neighbours[i].mac);
	return status;
}

enum status
live_device_open(struct live_device *device, const struct cfg_gateway *gateway, uint32_t index,
	uint16_t queues, struct rte_mempool *pool, uint64_t ageing, char *message, size_t bytes)
{
	enum status status;

	*device = (struct live_device){
		.gateway = gateway, .cfg = &gateway->ports[index], .index = index, .id = RTE_MAX_ETHPORTS};
	status = neighbours_create(device, ageing);
	if (status)
		return fail(device, status, "neighbours: no room", 0, message, bytes);
	status = device_find(device, message, bytes);
	return status ? status : device_start(device, queues, pool, message, bytes);
}

bool
live_device_link(const struct live_device *device, bool *gone)
{
	struct rte_eth_link link = {0};
	struct ifreq ask = {0};
	int fd;

	*gone = false;
	if (!device->iface)
		return !rte_eth_link_get_nowait(device->id, &link) && link.link_status == RTE_ETH_LINK_UP;
	*gone = !if_indextoname(device->iface, ask.ifr_name);
	fd = *gone ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (ioctl(fd, SIOCGIFFLAGS, &ask))
		ask.ifr_flags = 0;
	close(fd);
	return (ask.ifr_flags & IFF_UP) && (ask.ifr_flags & IFF_RUNNING);
}

void
live_device_close(struct live_device *device)
{
	struct rte_eth_dev_info info;

	if (device->started)
		rte_eth_dev_stop(device->id);
	if (device->made && device->id < RTE_MAX_ETHPORTS && !rte_eth_dev_info_get(device->id, &info)) {
		rte_eth_dev_close(device->id);
		rte_dev_remove(info.device);
	}
	neigh_destroy(device->neigh);
	*device = (struct live_device){.id = RTE_MAX_ETHPORTS};
}
