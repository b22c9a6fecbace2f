/* short and size: texts of many lengths through the engine and back, nothing written beside them, and the
 * same bytes as a second engine where there is one with that transform.  Texts below 12 bytes are what known
 * hardware loses.  In ESP the text is a multiple of the block (RFC 4303 §2.4); a stream cipher does any
 * length. */
#include <stdio.h>
#include <string.h>

#include "conform/case.h"

#define SHORT_MAX 68u
#define COPY 2u /* packets of one length: the subject's, the reference's */

/* Batch: packet 2i is the subject's with text_len[i] bytes of text, 2i + 1 the reference's. */
struct lengths {
	unsigned n;
	uint32_t text_len[SHORT_MAX + 1];
};

static void
results_check(struct conform *c, const struct case_batch *batch, const struct lengths *lengths, unsigned copy,
	const char *what)
{
	for (unsigned i = 0; i < lengths->n; i++) {
		unsigned at = copy * lengths->n + i;

		case_check(c, batch->ops[at].result == CRYPTO_OK, "%s a text of %u bytes: %s", what,
			lengths->text_len[i], case_result_text(batch->ops[at].result));
		case_check(c, case_guards_good(c, batch, at, lengths->text_len[i]),
			"%s a text of %u bytes wrote outside of the packet", what, lengths->text_len[i]);
	}
}

/* Fills one copy of all lengths. */
static struct crypto_op *
copy_fill(struct conform *c, struct case_batch *batch, const struct lengths *lengths, unsigned copy,
	struct crypto_session *session)
{
	for (unsigned i = 0; i < lengths->n; i++)
		case_fill(c, batch, copy * lengths->n + i, session, lengths->text_len[i], i + 1);
	return &batch->ops[copy * lengths->n];
}

/* True where a second engine has been asked. */
static bool
reference_compare(struct conform *c, struct case_batch *batch, const struct lengths *lengths)
{
	const struct transform *t = c->transform;
	struct case_pair pair;

	if (!c->reference.engine || !case_pair_open(c, &c->reference, &pair))
		return false;
	drive_run(&c->reference, copy_fill(c, batch, lengths, 1, pair.session[CRYPTO_ENCRYPT]), lengths->n);
	for (unsigned i = 0; i < lengths->n; i++)
		case_check(c,
			!memcmp(case_packet(batch, i), case_packet(batch, lengths->n + i),
				case_packet_bytes(t, lengths->text_len[i])),
			"a text of %u bytes is not as %s has it", lengths->text_len[i],
			c->reference.engine->ops->name);
	case_pair_close(&pair);
	return true;
}

/* Opens what was sealed, and compares with what it was made of. */
static void
back_check(struct conform *c, struct case_pair *pair, struct case_batch *batch, const struct lengths *lengths)
{
	uint32_t front = case_front(c->transform);

	for (unsigned i = 0; i < lengths->n; i++)
		case_op(c, batch, i, pair->session[CRYPTO_DECRYPT], lengths->text_len[i]);
	drive_run(pair->drive, batch->ops, lengths->n);
	results_check(c, batch, lengths, 0, "decrypting");
	copy_fill(c, batch, lengths, 1, NULL);
	for (unsigned i = 0; i < lengths->n; i++)
		case_check(c,
			!memcmp(case_packet(batch, i), case_packet(batch, lengths->n + i),
				front + lengths->text_len[i]),
			"a text of %u bytes came back as another", lengths->text_len[i]);
}

static void
lengths_run(struct conform *c, const struct lengths *lengths)
{
	struct case_batch batch;
	struct case_pair pair;
	bool compared = false;
	char note[80] = "";

	if (!case_batch_open(c, &batch, COPY * lengths->n, lengths->text_len[lengths->n - 1]))
		return;
	if (case_pair_open(c, &c->drive, &pair)) {
		drive_run(&c->drive, copy_fill(c, &batch, lengths, 0, pair.session[CRYPTO_ENCRYPT]),
			lengths->n);
		results_check(c, &batch, lengths, 0, "encrypting");
		compared = reference_compare(c, &batch, lengths);
		back_check(c, &pair, &batch, lengths);
		case_pair_close(&pair);
	}
	case_batch_close(&batch);
	if (compared && !c->wrong)
		snprintf(note, sizeof(note), "the same as %s", c->reference.engine->ops->name);
	else if (!compared)
		snprintf(note, sizeof(note), "there and back, no second computation");
	case_end(c, NULL, note);
}

void
case_short(struct conform *c)
{
	struct lengths lengths = {0};

	uint32_t step = case_text_step(c->transform);

	/* ESP's trailer fills a block: there is no empty text of CBC */
	for (uint32_t n = step > 1 ? step : 0; n <= SHORT_MAX; n += step)
		lengths.text_len[lengths.n++] = n;
	lengths_run(c, &lengths);
}

/* The longest text of a packet of that many bytes, RFC 791 §3.1: 65535 with all headers. */
static uint32_t
text_of(const struct transform *t, uint32_t packet)
{
	uint32_t room = packet - 20 - case_packet_bytes(t, 0);

	return room - room % t->block;
}

void
case_size(struct conform *c)
{
	const struct transform *t = c->transform;
	uint32_t jumbo = text_of(t, 9000), most = text_of(t, 65535);
	struct lengths lengths = {.n = 4, .text_len = {jumbo - t->block, jumbo, most - t->block, most}};

	lengths_run(c, &lengths);
}
