/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/argv.c - QEMU's command line for one guest
 *
 * Pure.  Everything the guest can see is fixed by the definition: versioned
 * machine type, CPU model, UUID, PCI addresses; so a guest started by one QEMU
 * still arrives in a newer one.  Nothing is probed and nothing is a default of
 * QEMU's (-nodefaults, -no-user-config).
 */
#include <stdio.h>

#include "hamd/guest/vm.h"

enum {
	FIRST_PORT_SLOT = 0x4
};

static void
add(GPtrArray *argv, const char *option, char *value)
{
	g_ptr_array_add(argv, g_strdup(option));
	if (value)
		g_ptr_array_add(argv, value);
}

/* "8:9:10" */
static char *
fd_list(int first, unsigned int n)
{
	GString *out = g_string_new(NULL);

	for (unsigned int q = 0; q < n; q++)
		g_string_append_printf(out, "%s%d", q ? ":" : "",
				       first + (int)q);
	return g_string_free(out, FALSE);
}

static void
add_port(GPtrArray *argv, const struct ham_conf_port *port, unsigned int i,
	 const struct ham_port_fds *fds)
{
	const uint8_t *m = port->mac;
	g_autofree char *taps = fd_list(fds->tap, port->queues);
	g_autofree char *vhosts = fd_list(fds->vhost, port->queues);
	const char *s = port->queues > 1 ? "s" : "";
	/* one vector for each queue, one for news and one for control */
	g_autofree char *queues =
		port->queues > 1 ? g_strdup_printf(",mq=on,vectors=%u",
						   2 * port->queues + 2)
				 : g_strdup("");
	g_autofree char *mtu =
		port->mtu ? g_strdup_printf(",host_mtu=%u", port->mtu)
			  : g_strdup("");

	add(argv, "-netdev",
	    g_strdup_printf("tap,id=net%u,fd%s=%s%s%s%s%s", i, s, taps,
			    fds->vhost < 0 ? "" : ",vhost=on,vhostfd",
			    fds->vhost < 0 ? "" : s, fds->vhost < 0 ? "" : "=",
			    fds->vhost < 0 ? "" : vhosts));
	add(argv, "-device",
	    g_strdup_printf("virtio-net-pci,netdev=net%u,id=nic%u,"
			    "mac=%02x:%02x:%02x:%02x:%02x:%02x%s%s,"
			    "bus=pcie.0,addr=0x%x,romfile=",
			    i, i, m[0], m[1], m[2], m[3], m[4], m[5], mtu,
			    queues, FIRST_PORT_SLOT + i));
}

static void
add_boot(GPtrArray *argv, const struct ham_conf_guest *guest)
{
	if (!guest->kernel)
		return;
	add(argv, "-kernel", g_strdup(guest->kernel));
	if (guest->initrd)
		add(argv, "-initrd", g_strdup(guest->initrd));
	if (guest->append)
		add(argv, "-append", g_strdup(guest->append));
}

static void
add_disks(GPtrArray *argv, const struct ham_vm *vm)
{
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autoptr(GPtrArray) stack = ham_bm_stack_args(&disk);

		for (guint k = 0; k < stack->len; k++)
			add(argv, "-blockdev",
			    g_strdup(g_ptr_array_index(stack, k)));
		add(argv, "-device", ham_bm_device_arg(&disk));
	}
}

char **
ham_qemu_argv(const struct ham_vm *vm, int qmp_fd,
	      const struct ham_port_fds *ports, bool incoming)
{
	const struct ham_conf_guest *guest = vm->conf;
	const ham_conf *conf = vm->guests->spec.conf;
	GPtrArray *argv = g_ptr_array_new();

	add(argv, "qemu-system-x86_64", NULL);
	add(argv, "-name",
	    g_strdup_printf("guest=%s,debug-threads=on", vm->name));
	add(argv, "-uuid", g_strdup(guest->uuid));
	add(argv, "-machine",
	    g_strdup_printf("%s,accel=%s", guest->machine,
			    conf->accel == HAM_CONF_KVM ? "kvm" : "tcg"));
	add(argv, "-cpu", g_strdup(guest->cpu));
	add(argv, "-smp", g_strdup_printf("%u", guest->cpus));
	add(argv, "-m",
	    g_strdup_printf("%" G_GUINT64_FORMAT "M", guest->memory >> 20));
	add(argv, "-nodefaults", NULL);
	add(argv, "-no-user-config", NULL);
	add(argv, "-display", g_strdup("none"));
	/* a guest that has powered off stands until hamd has heard all that its
	 * last writes met with (events.c) */
	add(argv, "-action", g_strdup("shutdown=pause"));
	add(argv, "-sandbox",
	    g_strdup("on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		     "resourcecontrol=deny"));
	/* wait: one who connects while QEMU is setting its monitor up is now
	 * and then greeted twice (doc/design.md) */
	add(argv, "-chardev",
	    g_strdup_printf("socket,id=qmp,fd=%d,server=on,wait=on", qmp_fd));
	add(argv, "-mon", g_strdup("chardev=qmp,mode=control"));
	if (guest->serial_log)
		add(argv, "-chardev",
		    g_strdup_printf("file,id=console,path=%s/%s.console,"
				    "append=on",
				    vm->guests->spec.log_dir, vm->name));
	else
		add(argv, "-chardev", g_strdup("null,id=console"));
	add(argv, "-serial", g_strdup("chardev:console"));
	add_boot(argv, guest);
	add_disks(argv, vm);
	for (guint i = 0; i < guest->ports->len; i++)
		add_port(argv, g_ptr_array_index(guest->ports, i), i,
			 &ports[i]);
	add(argv, "-S", NULL);
	if (incoming)
		add(argv, "-incoming", g_strdup("defer"));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}
