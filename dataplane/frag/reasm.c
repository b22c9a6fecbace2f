/* What is done with a fragment: see reasm.h.  The table it waits in is reasm_table.c's. */
#include <string.h>

#include "dataplane/frag/cut.h"
#include "dataplane/frag/reasm_priv.h"
#include "dataplane/ipsec/ip_head.h"

#define PROTO_ANY 256u
#define MORE6 1u
#define LENGTH_MAX 65535u
#define ECN_NONE 0u
#define ECN_CE 3u

/* One fragment, read. */
struct fragment {
	struct reasm_key key;
	uint32_t head; /* bytes before its payload */
	uint32_t at, bytes;
	bool more;
	uint8_t mark;
};

static bool
read4(const uint8_t *ip, uint32_t len, struct fragment *f)
{
	uint32_t field = load_be16(ip + IPV4_FRAGMENT);

	f->head = ipv4_header_len(ip);
	f->at = (field & IPV4_OFFSET_MASK) * 8;
	f->more = (field & IPV4_MF) != 0;
	f->key.id = load_be16(ip + IPV4_ID);
	f->key.proto = ip[IPV4_PROTO];
	f->mark = ip[IPV4_TOS] & IPV4_ECN_MASK;
	return f->head <= len;
}

static bool
read6(const uint8_t *ip, uint32_t len, struct fragment *f)
{
	struct ip6_upper upper;
	struct ip_head head;
	uint32_t field;

	if (!ip_head_all(ip, len, &head) || head.next != IP_NEXT_FRAGMENT || len - head.len < FRAG6_BYTES)
		return false;
	field = load_be16(ip + head.len + 2);
	f->head = head.len + FRAG6_BYTES;
	f->at = field & 0xfff8u;
	f->more = field & MORE6;
	f->key.id = load_be32(ip + head.len + 4);
	f->key.proto = PROTO_ANY;
	f->mark = ipv6_class(ip) & IPV4_ECN_MASK;
	if (f->at)
		return true;
	ip6_upper_find(ip, len, &upper); /* RFC 7112 §5: the first holds all headers */
	return upper.known;
}

/* Nothing in it, a length that is no multiple of 8 where more follow, or an end behind what a packet can have
 * (RFC 8200 §4.5; the "ping of death").  For the first the header of the whole packet has to fit too. */
static bool
read_fragment(const uint8_t *ip, uint32_t len, struct fragment *f)
{
	bool v4 = ip_head_is_v4(ip);

	if (!(v4 ? read4(ip, len, f) : read6(ip, len, f)))
		return false;
	f->key.src = ip_head_src(ip);
	f->key.dst = ip_head_dst(ip);
	f->bytes = len - f->head;
	if (f->bytes == 0 || (f->more && f->bytes % 8))
		return false;
	return f->at + f->bytes + (v4 ? f->head : f->head - FRAG6_BYTES - IPV6_MIN_BYTES) <= LENGTH_MAX;
}

/* The last piece that begins before `at`; REASM_NONE: none.  Pieces mostly come in order. */
static uint32_t
piece_before(const struct reasm *r, const struct reasm_train *train, uint32_t at)
{
	uint32_t before = REASM_NONE;

	if (train->last != REASM_NONE && r->pieces[train->last].at < at)
		return train->last;
	for (uint32_t p = train->first; p != REASM_NONE && r->pieces[p].at < at; p = r->pieces[p].next)
		before = p;
	return before;
}

/* Where the piece stands in the order, or why not. */
static enum drop
place_find(const struct reasm *r, const struct reasm_train *train, const struct fragment *f,
	const uint8_t *ip, uint32_t *before)
{
	const struct reasm_piece *other;
	uint32_t next, end = f->at + f->bytes;

	*before = piece_before(r, train, f->at);
	next = *before == REASM_NONE ? train->first : r->pieces[*before].next;
	if (*before != REASM_NONE) {
		other = &r->pieces[*before];
		if (other->at + other->bytes > f->at)
			return DROP_FRAG_OVERLAP;
	}
	if (next != REASM_NONE) {
		other = &r->pieces[next];
		if (other->at == f->at && other->bytes == f->bytes && f->more == (train->total != end) &&
			!memcmp(other->ip + other->head, ip + f->head, f->bytes))
			return DROP_FRAG_DUP;
		if (other->at < end)
			return DROP_FRAG_OVERLAP;
	}
	/* two ends, or something behind the end, is one packet's piece in another */
	if (train->total && (end > train->total || (!f->more && end != train->total)))
		return DROP_FRAG_OVERLAP;
	if (!f->more && train->last != REASM_NONE && r->pieces[train->last].at >= end)
		return DROP_FRAG_OVERLAP;
	return DROP_NONE;
}

static void
piece_add(struct reasm *r, struct reasm_train *train, const struct fragment *f, void *pkt, const uint8_t *ip,
	uint32_t before)
{
	uint32_t p = r->free_piece, *link = before == REASM_NONE ? &train->first : &r->pieces[before].next;
	uint32_t charge = reasm_charge(f->head + f->bytes);

	r->free_piece = r->pieces[p].next;
	r->pieces[p] = (struct reasm_piece){pkt, ip, f->head, f->at, f->bytes, *link};
	*link = p;
	if (r->pieces[p].next == REASM_NONE)
		train->last = p;
	train->received += f->bytes;
	train->marks |= (uint8_t)(1u << f->mark);
	train->charge += charge;
	r->charge += charge;
	r->held++;
	if (!f->more)
		train->total = f->at + f->bytes;
}

static bool
train_whole(const struct reasm *r, uint32_t t, struct reasm_whole *whole)
{
	const struct reasm_train *train = &r->trains[t];
	const struct reasm_piece *first = &r->pieces[train->first];
	uint32_t skip = ip_head_is_v4(first->ip) ? 0 : FRAG6_BYTES;

	if (!train->total || train->received != train->total)
		return false;
	*whole = (struct reasm_whole){
		.first = first->pkt, .train = t, .skip = skip, .bytes = first->head - skip + train->total};
	return true;
}

/* Ends the piece; an overlap, all that have come and will come. */
static void
refuse(struct reasm *r, uint32_t t, void *pkt, enum drop reason)
{
	r->end(r->ctx, pkt, reason);
	if (reason != DROP_FRAG_OVERLAP)
		return;
	reasm_train_empty(r, t, reason);
	r->trains[t].ended = true;
}

/* The whole of an atomic fragment is in it, and it has to do with no other (RFC 6946 §4): a train of its own
 * would collide, so it is joined as one that nobody can find. */
static bool
is_atomic(const struct fragment *f)
{
	return f->at == 0 && !f->more;
}

static bool
limits_allow(struct reasm *r, const struct fragment *f, uint64_t now, uint32_t *t)
{
	bool fresh = *t == REASM_NONE;

	if (fresh)
		*t = reasm_train_add(r, &f->key, now + r->limits.timeout);
	if (*t == REASM_NONE)
		return false;
	if (reasm_room(r, reasm_charge(f->head + f->bytes), *t))
		return true;
	if (fresh)
		reasm_train_del(r, *t);
	return false;
}

bool
reasm_put(
	struct reasm *r, void *pkt, const uint8_t *ip, uint32_t len, uint64_t now, struct reasm_whole *whole)
{
	struct fragment f;
	enum drop drop;
	uint32_t t, before;

	reasm_run(r, now);
	if (!read_fragment(ip, len, &f)) {
		r->end(r->ctx, pkt, DROP_FRAG_BAD);
		return false;
	}
	if (is_atomic(&f))
		f.key.proto = PROTO_ANY + 1; /* no other fragment's key; it does not stay */
	t = reasm_train_find(r, &f.key);
	if (t != REASM_NONE && r->trains[t].ended) {
		r->end(r->ctx, pkt, DROP_FRAG_OVERLAP);
		return false;
	}
	drop = t == REASM_NONE ? DROP_NONE : place_find(r, &r->trains[t], &f, ip, &before);
	if (drop) {
		refuse(r, t, pkt, drop);
		return false;
	}
	if (t == REASM_NONE)
		before = REASM_NONE;
	if (!limits_allow(r, &f, now, &t)) {
		r->end(r->ctx, pkt, DROP_FRAG_LIMIT);
		return false;
	}
	piece_add(r, &r->trains[t], &f, pkt, ip, before);
	return train_whole(r, t, whole);
}

/* RFC 3168 §5.3: one mark is enough, unless a piece was not to be marked at all. */
static uint8_t
marks_join(const struct reasm_train *train, uint8_t first)
{
	bool marked = train->marks >> ECN_CE & 1, never = train->marks >> ECN_NONE & 1;

	return marked && !never ? ECN_CE : first;
}

static void
head4_join(const struct reasm_train *train, uint8_t *ip, uint32_t head)
{
	uint8_t mark = ip[IPV4_TOS] & IPV4_ECN_MASK;

	ip[IPV4_TOS] = (uint8_t)((ip[IPV4_TOS] & ~IPV4_ECN_MASK) | marks_join(train, mark));
	store_be16(ip + IPV4_LENGTH, (uint16_t)(head + train->total));
	store_be16(ip + IPV4_FRAGMENT, load_be16(ip + IPV4_FRAGMENT) & IPV4_DF);
	ipv4_checksum_set(ip, head);
}

/* The Fragment header goes: what stood before it moves up. */
static void
head6_join(const struct reasm_train *train, uint8_t *ip, uint32_t head)
{
	uint32_t before = head - FRAG6_BYTES;
	uint8_t next = ip[before], class = ipv6_class(ip);
	struct ip_head walk;

	ip_head_all(ip, head, &walk);
	ip[walk.next_at] = next;
	ipv6_class_set(ip, (uint8_t)((class & ~IPV4_ECN_MASK) | marks_join(train, class & IPV4_ECN_MASK)));
	store_be16(ip + IPV6_LENGTH, (uint16_t)(before + train->total - IPV6_MIN_BYTES));
	memmove(ip + FRAG6_BYTES, ip, before);
}

void
reasm_join(struct reasm *r, const struct reasm_whole *whole, uint8_t *ip)
{
	struct reasm_train *train = &r->trains[whole->train];
	struct reasm_piece *first = &r->pieces[train->first];

	for (uint32_t p = first->next; p != REASM_NONE; p = r->pieces[p].next)
		memcpy(ip + first->head + r->pieces[p].at, r->pieces[p].ip + r->pieces[p].head,
			r->pieces[p].bytes);
	if (whole->skip)
		head6_join(train, ip, first->head);
	else
		head4_join(train, ip, first->head);
	first->pkt = NULL; /* it is the caller's */
	reasm_train_empty(r, whole->train, DROP_NONE);
	reasm_train_del(r, whole->train);
}

void
reasm_refuse(struct reasm *r, const struct reasm_whole *whole, enum drop reason)
{
	reasm_train_empty(r, whole->train, reason);
	reasm_train_del(r, whole->train);
}
