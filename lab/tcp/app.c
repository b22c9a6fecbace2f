/* Bulk and request/response. */
#include "lab/tcp/app.h"

#include "base/clock.h"

#define THINK_MAX (UINT64_C(1) << 62)

void
tcp_app_init(struct tcp_app *app, const struct cfg_traffic *cfg, struct tcp_outcome *outcome,
	struct tcp_conn *conn, bool client)
{
	*app = (struct tcp_app){.cfg = cfg,
		.outcome = outcome,
		.conn = conn,
		.client = client,
		.due = client && outcome->start < outcome->stop ? outcome->start : TIME_NEVER};
}

static void
received_take(struct tcp_app *app, uint64_t now)
{
	struct tcp_outcome *o = app->outcome;
	uint64_t received = tcp_received(app->conn), more = received - app->seen;

	if (!more)
		return;
	tcp_read(app->conn, more);
	app->seen = received;
	if (now <= o->stop)
		o->last = now;
	if (app->client)
		*(now <= o->stop ? &o->bytes_back : &o->late_back) += more;
	else
		*(now <= o->stop ? &o->bytes_there : &o->late_there) += more;
}

static void
ask(struct tcp_app *app, uint64_t now)
{
	tcp_write(app->conn, app->cfg->request);
	app->turns++;
	app->asked = now;
	app->waiting = true;
	app->due = app->outcome->stop;
}

static uint64_t
pause_draw(struct tcp_app *app)
{
	double ns = (double)app->cfg->think * rng_exponential(&app->outcome->rng);

	return ns < (double)THINK_MAX ? (uint64_t)ns : THINK_MAX;
}

static void
client_begin(struct tcp_app *app, uint64_t now)
{
	app->begun = true;
	app->due = app->outcome->stop;
	tcp_connect(app->conn, now);
	if (app->cfg->request) {
		ask(app, now);
		return;
	}
	tcp_write(app->conn, app->cfg->bytes ? app->cfg->bytes : TCP_STREAM_ENDLESS);
	if (app->cfg->bytes)
		tcp_finish(app->conn);
}

/* The response is there: how long it took, and when to ask again. */
static void
answer_take(struct tcp_app *app, uint64_t now)
{
	if (!app->waiting || app->seen < app->turns * app->cfg->response)
		return;
	app->waiting = false;
	delay_record(&app->outcome->completed, now - app->asked);
	if (!app->cut)
		app->due = time_min(now + pause_draw(app), app->outcome->stop);
}

static void
client_turn(struct tcp_app *app, uint64_t now)
{
	if (!app->begun) {
		if (app->due <= now)
			client_begin(app, now);
		return;
	}
	answer_take(app, now);
	if (now >= app->outcome->stop && !app->cut) {
		app->cut = true;
		app->due = TIME_NEVER;
		tcp_cut(app->conn);
	} else if (!app->cut && app->cfg->request && !app->waiting && app->due <= now) {
		ask(app, now);
	}
}

static void
server_turn(struct tcp_app *app, uint64_t now)
{
	while (app->cfg->request && app->seen >= (app->turns + 1) * app->cfg->request) {
		tcp_write(app->conn, app->cfg->response);
		app->turns++;
	}
	if (app->cfg->bytes && app->seen == app->cfg->bytes && !app->begun) {
		app->begun = true; /* and over */
		app->outcome->finished++;
		delay_record(&app->outcome->completed, now - app->outcome->start);
	}
	if (tcp_ended(app->conn))
		tcp_finish(app->conn);
}

void
tcp_app_turn(struct tcp_app *app, uint64_t now)
{
	received_take(app, now);
	if (app->client)
		client_turn(app, now);
	else
		server_turn(app, now);
}
