/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/process.c - QEMU and the storage daemon as processes
 *
 * Both run as the guest's own uid, taken in the child before exec; their
 * listening sockets and taps are handed in by descriptor, so neither needs a
 * right to any folder of hamd.  An end is heard by pidfd at once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	QSD_SILENT_MS = 2000,
	QSD_CRASHES = 3,
	QSD_SETTLE_MS = 200,
	CHILD_QMP_FD = 3,
	CHILD_NBD_FD = 4,
	CHILD_TAP_FD = 8, /* and up */
};

static void
on_qemu_event(ham_qmp *qmp, const char *name, JsonObject *data, int64_t at_us,
	      void *user)
{
	(void)qmp;
	(void)at_us;
	ham_vm_event(user, name, data);
}

static void
on_qsd_event(ham_qmp *qmp, const char *name, JsonObject *data, int64_t at_us,
	     void *user)
{
	(void)qmp;
	(void)at_us;
	ham_vm_qsd_event(user, name, data);
}

static void
on_state(ham_qmp *qmp, const GError *reason, void *user)
{
	struct ham_vm *vm = user;

	(void)qmp;
	if (reason)
		ham_debug("%s: QMP: %s", vm->name, reason->message);
	ham_flow_poke(vm);
}

bool
ham_qemu_attach(struct ham_vm *vm, GError **error)
{
	g_autofree char *path = g_build_filename(vm->dir, "qmp.sock", NULL);

	g_clear_pointer(&vm->qmp, ham_qmp_free);
	vm->qmp = ham_qmp_connect(path, on_qemu_event, on_state, vm, error);
	return vm->qmp != NULL;
}

bool
ham_qsd_attach(struct ham_vm *vm, GError **error)
{
	g_autofree char *path = g_build_filename(vm->dir, "qsd.sock", NULL);

	g_clear_pointer(&vm->qsd_qmp, ham_qmp_free);
	vm->qsd_qmp = ham_qmp_connect(path, on_qsd_event, on_state, vm, error);
	return vm->qsd_qmp != NULL;
}

/* The last line of the log, for a reason that helps: not that it waited for us
 * to connect. */
static char *
last_words(const struct ham_vm *vm)
{
	g_autofree char *path = g_strdup_printf(
		"%s/%s.log", vm->guests->spec.log_dir, vm->name);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint n;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	g_strchomp(text);
	lines = g_strsplit(text, "\n", -1);
	n = g_strv_length(lines);
	if (n == 0 || !g_str_has_prefix(lines[n - 1], "qemu-system") ||
	    strstr(lines[n - 1], ": info: "))
		return NULL;
	return g_strndup(lines[n - 1], 100);
}

static char *
describe_end(const struct ham_vm *vm, int code, int status)
{
	g_autofree char *words = NULL;

	if (vm->disobeyed)
		return g_strdup("QEMU resumed the guest by itself and was "
				"ended");
	if (code == CLD_KILLED || code == CLD_DUMPED)
		return g_strdup_printf("QEMU was ended by signal %d (%s)",
				       status, strsignal(status));
	if (code == CLD_EXITED && status == 0 && vm->ending)
		return g_strdup("QEMU ended as it was told");
	if (code == CLD_EXITED && status == 0)
		return g_strdup(vm->shutdown_seen ? "the guest powered off"
						  : "QEMU exited by itself");
	words = last_words(vm);
	if (code == CLD_EXITED)
		return g_strdup_printf("QEMU exited with status %d%s%s", status,
				       words ? ": " : "", words ? words : "");
	return g_strdup(vm->shutdown_seen ? "the guest powered off"
					  : "QEMU ended; how, only the hamd "
					    "that had started it could tell");
}

void
ham_qemu_exited(ham_child *child, int code, int status, void *data)
{
	struct ham_vm *vm = data;
	g_autofree char *text = describe_end(vm, code, status);
	bool clean = vm->shutdown_seen && (code == 0 || status == 0) &&
		     code != CLD_KILLED;
	/* a write that a copy has not taken makes them differ */
	struct ham_event gone = {.did = HAM_DID_GONE,
				 .flag = clean,
				 .value = clean && !ham_slot_in_error(vm)
						  ? HAM_ENDED_EQUAL
						  : HAM_ENDED_ANYHOW};
	bool told = vm->ending;
	g_autofree char *sock = g_build_filename(vm->dir, "qmp.sock", NULL);

	(void)child;
	unlink(sock);
	ham_info("%s: %s", vm->name, text);
	g_clear_pointer(&vm->qmp, ham_qmp_free);
	g_clear_pointer(&vm->qemu, ham_child_free);
	ham_freeze_forget(vm);
	ham_announce_stop(vm);
	g_clear_handle_id(&vm->powerdown, g_source_remove);
	ham_copy_stop_watching(vm);
	ham_copy_pause_ends(vm);
	ham_slot_unwatch(vm);
	ham_slots_forget(vm);
	ham_ports_count(vm);
	ham_ports_close(vm);
	vm->frames_known = vm->frames_counted = false;
	if (told) {
		ham_flow_poke(vm);
		return;
	}
	/* hamd joins only after this flow's end: without one it never would */
	if (g_str_equal(ham_flow_name(vm->flow), HAM_FLOW_FIND)) {
		ham_vm_ask(vm);
		return;
	}
	/* it never ran: another node may try it, or S goes on with it */
	if ((g_str_equal(ham_flow_name(vm->flow), HAM_FLOW_LAUNCH) ||
	     g_str_equal(ham_flow_name(vm->flow), HAM_FLOW_RUN)) &&
	    !vm->cont_asked) {
		ham_flow_fail(vm, "%s", text);
		return;
	}
	ham_flow_cancel(vm->flow);
	if (vm->role == HAM_ROLE_OWNER) {
		vm->role = HAM_ROLE_NONE;
		ham_qsd_kill(vm);
		ham_state_remove(vm);
	} else {
		(void)ham_state_write(vm, NULL);
	}
	gone.text = text;
	ham_vm_tell(vm, &gone);
}

/* QEMU 10.0.2's storage daemon crashed now and then while it made its monitor
 * (doc/design.md, "Who connects while a monitor is made"). */
static bool
crashed_at_start(struct ham_vm *vm, int code, int status)
{
	bool ready = vm->qsd_qmp && ham_qmp_ready(vm->qsd_qmp);

	if (ready || (code != CLD_KILLED && code != CLD_DUMPED) ||
	    status != SIGSEGV) {
		vm->qsd_crashes = 0;
		return false;
	}
	return ++vm->qsd_crashes <= QSD_CRASHES;
}

void
ham_qsd_exited(ham_child *child, int code, int status, void *data)
{
	struct ham_vm *vm = data;
	g_autofree char *sock = g_build_filename(vm->dir, "qsd.sock", NULL);

	(void)child;
	unlink(sock);
	g_clear_handle_id(&vm->qsd_watch, g_source_remove);
	g_clear_handle_id(&vm->qsd_end, g_source_remove);
	ham_info("%s: its storage daemon ended (%s %d)", vm->name,
		 code == CLD_KILLED ? "signal" : "status", status);
	if (crashed_at_start(vm, code, status))
		vm->qsd_again = true;
	g_clear_pointer(&vm->qsd_qmp, ham_qmp_free);
	g_clear_pointer(&vm->qsd, ham_child_free);
	vm->qsd_port = 0;
	vm->qsd_exports = false;
	ham_digest_end(vm);
	if (vm->qsd_again && vm->flow) {
		g_autoptr(GError) error = NULL;

		vm->qsd_again = false;
		if (!ham_qsd_start(vm, &error))
			ham_flow_fail(vm, "%s", error->message);
		return;
	}
	if (vm->flow) {
		ham_flow_poke(vm);
		return;
	}
	if (vm->role == HAM_ROLE_REPLICA) {
		vm->role = HAM_ROLE_NONE;
		ham_state_remove(vm);
		ham_vm_did(vm, HAM_DID_CLOSED, NULL, false);
	}
}

void
ham_qemu_kill(struct ham_vm *vm)
{
	if (vm->qemu)
		ham_child_signal(vm->qemu, SIGKILL);
	ham_freeze_let_die(vm);
}

void
ham_qsd_kill(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->qsd_end, g_source_remove);
	if (!vm->qsd)
		return;
	vm->qsd_crashes = QSD_CRASHES; /* whatever it ends of, it is not wanted */
	ham_child_signal(vm->qsd, SIGKILL);
}

static gboolean
qsd_end(gpointer data)
{
	struct ham_vm *vm = data;

	vm->qsd_end = 0;
	ham_qsd_kill(vm);
	return G_SOURCE_REMOVE;
}

void
ham_qsd_kill_later(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->qsd_end, g_source_remove);
	if (vm->qsd)
		vm->qsd_end = g_timeout_add(QSD_SETTLE_MS, qsd_end, vm);
}

bool
ham_qemu_gone(struct ham_vm *vm)
{
	return vm->qemu == NULL;
}

bool
ham_qsd_gone(struct ham_vm *vm)
{
	return vm->qsd == NULL;
}

bool
ham_qemu_ready(struct ham_vm *vm)
{
	if (!vm->qemu) {
		g_autofree char *words = last_words(vm);

		ham_flow_fail(vm, "QEMU ended: %s",
			      words ? words : "no reason given");
	}
	return vm->qmp && ham_qmp_ready(vm->qmp);
}

bool
ham_qsd_ready(struct ham_vm *vm)
{
	if (!vm->qsd)
		ham_flow_fail(vm, "the storage daemon ended");
	return vm->qsd_qmp && ham_qmp_ready(vm->qsd_qmp);
}

/* The guest's folder (0700, root's) and its uid. */
static bool
make_place(struct ham_vm *vm, GError **error)
{
	int slot = vm->guests->spec.slot_of(vm->name, vm->guests->spec.data);
	const ham_conf *conf = vm->guests->spec.conf;

	if (slot < 0 || conf->uid_first + (uint32_t)slot > conf->uid_last) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "guest_uids has no uid left for it");
		return false;
	}
	vm->uid = conf->uid_first + (uint32_t)slot;
	if (g_mkdir_with_parents(vm->dir, 0700) != 0)
		return ham_error_errno(error, errno, "cannot make %s", vm->dir);
	return true;
}

/* QEMU opens its console by path; it may append to that one file only. */
static bool
make_console(struct ham_vm *vm, GError **error)
{
	g_autofree char *path = g_strdup_printf(
		"%s/%s.console", vm->guests->spec.log_dir, vm->name);
	ham_autofd int fd = -1;

	if (!vm->conf->serial_log)
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0 || fchown(fd, vm->uid, vm->uid) != 0)
		return ham_error_errno(error, errno, "cannot make %s", path);
	return true;
}

static void
close_vhost(void *data)
{
	close(*(int *)data);
}

bool
ham_port_may_have_vhost(const struct ham_conf_port *port)
{
	return port->vhost == HAM_CONF_VHOST_YES ||
	       (port->vhost == HAM_CONF_VHOST_AUTO && ham_net_has_vhost());
}

/* The descriptors of a port for QEMU, numbered as they come; `vhosts` are ours
 * to close when it has them. */
static bool
give_port(struct ham_vm *vm, guint i, struct ham_child_spec *spec,
	  struct ham_child_fd *fds, struct ham_port_fds *port, GArray *vhosts,
	  GError **error)
{
	const struct ham_conf_port *conf =
		g_ptr_array_index(vm->conf->ports, i);
	int next = CHILD_TAP_FD + (int)spec->n_fds - 1;

	*port = (struct ham_port_fds){next, -1};
	for (unsigned int q = 0; q < conf->queues; q++)
		fds[spec->n_fds++] = (struct ham_child_fd){
			ham_net_port_fd(g_ptr_array_index(vm->ports, i), q),
			next++};
	vm->vhosts &= ~(1u << i);
	if (!ham_port_may_have_vhost(conf))
		return true;
	vm->vhosts |= 1u << i;
	port->vhost = next;
	for (unsigned int q = 0; q < conf->queues; q++) {
		int fd = ham_net_vhost_open(error);

		if (fd < 0)
			return false;
		g_array_append_val(vhosts, fd);
		fds[spec->n_fds++] = (struct ham_child_fd){fd, next++};
	}
	return true;
}

bool
ham_qemu_start(struct ham_vm *vm, bool incoming, GError **error)
{
	g_autofree char *sock = g_build_filename(vm->dir, "qmp.sock", NULL);
	g_autofree char *log = g_strdup_printf(
		"%s/%s.log", vm->guests->spec.log_dir, vm->name);
	struct ham_child_fd
		fds[1 + 2 * HAM_CONF_MAX_PORTS * HAM_CONF_MAX_QUEUES];
	struct ham_port_fds ports[HAM_CONF_MAX_PORTS];
	g_autoptr(GArray) vhosts = g_array_new(false, true, sizeof(int));
	g_auto(GStrv) argv = NULL;
	ham_autofd int listener = -1;
	ham_autofd int group = -1;
	GError *failed = NULL;
	struct ham_child_spec spec = {.program = vm->guests->qemu,
				      .fds = fds,
				      .n_fds = 1,
				      .log_path = log};

	if (!make_place(vm, error) || !make_console(vm, error))
		return false;
	listener = ham_qmp_listen(sock, error);
	if (listener < 0)
		return false;
	fds[0] = (struct ham_child_fd){listener, CHILD_QMP_FD};
	g_array_set_clear_func(vhosts, close_vhost);
	for (guint i = 0; i < vm->ports->len; i++)
		if (!give_port(vm, i, &spec, fds, &ports[i], vhosts, error))
			return false;
	argv = ham_qemu_argv(vm, CHILD_QMP_FD, ports, incoming);
	spec.argv = (const char *const *)argv;
	spec.uid = spec.gid = vm->uid;
	vm->shutdown_seen = false;
	vm->ending = false;
	vm->held = incoming;
	vm->disobeyed = false;
	vm->mig_status[0] = '\0';
	group = ham_freeze_group(vm, &failed);
	if (failed) {
		g_propagate_error(error, failed);
		return false;
	}
	spec.cgroup_fd = group;
	vm->qemu = ham_child_spawn(&spec, ham_qemu_exited, vm, error);
	ham_freeze_new(vm);
	return vm->qemu && ham_state_write(vm, error) &&
	       ham_qemu_attach(vm, error);
}

/* A TCP listener on the migration address; its port is found out here. */
int
ham_vm_listen(const char *address, unsigned int *port, GError **error)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	socklen_t len = sizeof(*v4);
	ham_autofd int fd = -1;
	int one = 1;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		ss.ss_family = AF_INET;
	} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		ss.ss_family = AF_INET6;
		len = sizeof(*v6);
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) != 0) {
		ham_error_errno(error, errno, "cannot listen on %s", address);
		return -1;
	}
	*port = ntohs(ss.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
	return ham_steal_fd(&fd);
}

/* QEMU 10.0's storage daemon now and then never answers its first command, if
 * that comes while it still starts; such a one is ended and started anew. */
static gboolean
qsd_silent(gpointer data)
{
	struct ham_vm *vm = data;

	vm->qsd_watch = 0;
	if (vm->qsd && !(vm->qsd_qmp && ham_qmp_ready(vm->qsd_qmp))) {
		ham_warn("%s: its storage daemon does not answer; starting "
			 "another",
			 vm->name);
		vm->qsd_again = true;
		ham_qsd_kill(vm);
	}
	return G_SOURCE_REMOVE;
}

bool
ham_qsd_start(struct ham_vm *vm, GError **error)
{
	g_autofree char *sock = g_build_filename(vm->dir, "qsd.sock", NULL);
	g_autofree char *log = g_strdup_printf(
		"%s/%s.log", vm->guests->spec.log_dir, vm->name);
	ham_autofd int monitor = -1;
	ham_autofd int nbd = -1;
	g_auto(GStrv) argv = NULL;
	struct ham_child_fd fds[2];
	struct ham_child_spec spec = {.program = vm->guests->qsd,
				      .fds = fds,
				      .n_fds = 2,
				      .log_path = log};

	if (!make_place(vm, error))
		return false;
	monitor = ham_qmp_listen(sock, error);
	if (monitor < 0)
		return false;
	nbd = ham_vm_listen(ham_vm_address(vm), &vm->qsd_port, error);
	if (nbd < 0)
		return false;
	fds[0] = (struct ham_child_fd){monitor, CHILD_QMP_FD};
	fds[1] = (struct ham_child_fd){nbd, CHILD_NBD_FD};
	argv = ham_bm_qsd_argv("qemu-storage-daemon", CHILD_QMP_FD,
			       CHILD_NBD_FD);
	/* so that ps(1) tells whose it is */
	g_free(argv[0]);
	argv[0] = g_strdup_printf("qemu-storage-daemon %s/", vm->dir);
	spec.argv = (const char *const *)argv;
	spec.uid = spec.gid = vm->uid;
	vm->qsd_exports = false;
	vm->qsd_again = false;
	g_clear_handle_id(&vm->qsd_end, g_source_remove);
	g_clear_handle_id(&vm->qsd_watch, g_source_remove);
	vm->qsd_watch = g_timeout_add(QSD_SILENT_MS, qsd_silent, vm);
	vm->qsd = ham_child_spawn(&spec, ham_qsd_exited, vm, error);
	return vm->qsd && ham_state_write(vm, error) &&
	       ham_qsd_attach(vm, error);
}

/* `status` of an answer, "" if it has none. */
static const char *
status_in(JsonNode *value)
{
	const char *status =
		JSON_NODE_HOLDS_OBJECT(value)
			? ham_json_string(json_node_get_object(value), "status")
			: NULL;

	return status ? status : "";
}

static void
got_status(struct ham_vm *vm, JsonNode *value)
{
	g_strlcpy(vm->run_state, status_in(value), sizeof(vm->run_state));
}

static void
got_migrate(struct ham_vm *vm, JsonNode *value)
{
	g_strlcpy(vm->mig_status, status_in(value), sizeof(vm->mig_status));
}

void
ham_qemu_query_status(struct ham_vm *vm)
{
	vm->run_state[0] = '\0';
	ham_flow_send(vm, vm->qmp, "query-status", NULL, HAM_FLOW_MUST,
		      got_status);
}

bool
ham_vm_is_live(const struct ham_vm *vm)
{
	return strcmp(vm->run_state, "running") == 0 ||
	       strcmp(vm->run_state, "suspended") == 0;
}

void
ham_qemu_query_migrate(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "query-migrate", NULL, HAM_FLOW_MUST,
		      got_migrate);
}
