/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_sample.c - see health_sample.h
 *
 * Formats: proc(5) for loadavg and meminfo, Documentation/accounting/psi.rst,
 * Documentation/hwmon/sysfs-interface.rst (temp*_input in millidegrees),
 * Documentation/ABI/testing/sysfs-class-net (carrier; unreadable while the
 * interface is down).
 */
#include "hamd/health_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	TEXT_SIZE = 16384, /* /proc/meminfo is the longest, 1500 bytes */
};

static void lacks(struct ham_health_sample *sample, enum ham_health_limit limit,
		  const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The first reason is the one that is told. */
static void
lacks(struct ham_health_sample *sample, enum ham_health_limit limit,
      const char *format, ...)
{
	char *why = sample->unknown[limit];
	va_list ap;

	if (why[0])
		return;
	va_start(ap, format);
	g_vsnprintf(why, HAM_REASON_SIZE, format, ap);
	va_end(ap);
}

/* One read, as the kernel's small files are made for; NULL, and in *err why. */
static char *
read_text(const char *root, const char *path, int *err)
{
	g_autofree char *full = g_strconcat(root, path, NULL);
	g_autofree char *text = g_malloc0(TEXT_SIZE);
	int fd = open(full, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_SIZE - 1);

	*err = n < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return n < 0 ? NULL : g_steal_pointer(&text);
}

/* Of a limit that has one file: without it that is not applied. */
static char *
need_text(const char *root, const char *path, struct ham_health_sample *sample,
	  enum ham_health_limit limit)
{
	int err;
	char *text = read_text(root, path, &err);

	if (!text)
		lacks(sample, limit, "cannot read %s: %s", path,
		      g_strerror(err));
	return text;
}

static void
read_load(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *text =
		need_text(root, "/proc/loadavg", sample, HAM_HEALTH_LOAD);
	char *end = NULL;

	if (!text)
		return;
	sample->load = g_ascii_strtod(text, &end);
	if (end == text)
		lacks(sample, HAM_HEALTH_LOAD, "no number in /proc/loadavg");
}

static void
read_memory(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *text = need_text(root, "/proc/meminfo", sample,
					  HAM_HEALTH_MEMORY_AVAILABLE);
	const char *at = text ? strstr(text, "\nMemAvailable:") : NULL;

	if (at)
		sample->memory_available =
			1024 * g_ascii_strtoull(at + strlen("\nMemAvailable:"),
						NULL, 10);
	else
		lacks(sample, HAM_HEALTH_MEMORY_AVAILABLE,
		      "no MemAvailable in /proc/meminfo");
}

static void
read_pressure(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *text = need_text(root, "/proc/pressure/memory", sample,
					  HAM_HEALTH_MEMORY_PRESSURE);
	const char *full = text ? strstr(text, "full ") : NULL;
	const char *at = full ? strstr(full, "avg60=") : NULL;

	if (at)
		sample->memory_pressure =
			g_ascii_strtod(at + strlen("avg60="), NULL);
	else
		lacks(sample, HAM_HEALTH_MEMORY_PRESSURE,
		      "no 'full ... avg60=' in /proc/pressure/memory");
}

static void
read_space(const struct ham_health_places *places,
	   struct ham_health_sample *sample)
{
	for (char **f = places->folders; f && *f; f++) {
		g_autofree char *path = g_strconcat(places->root, *f, NULL);
		struct statvfs fs;
		uint64_t free;

		if (statvfs(path, &fs) != 0) {
			lacks(sample, HAM_HEALTH_DISK_FREE, "%s: %s", *f,
			      g_strerror(errno));
			continue;
		}
		free = (uint64_t)fs.f_bavail * fs.f_frsize;
		if (free >= sample->disk_free)
			continue;
		sample->disk_free = free;
		g_strlcpy(sample->disk_folder, *f, sizeof(sample->disk_folder));
	}
}

/* temp1_input, temp2_input, ... of one chip; true if one was read.  Many chips
 * have some that never can be: `why` is told only if none was. */
static bool
read_chip(const char *root, const char *chip, struct ham_health_sample *sample,
	  char why[HAM_REASON_SIZE])
{
	g_autofree char *folder =
		g_strconcat(root, "/sys/class/hwmon/", chip, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	bool any = false;
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = NULL;
		g_autofree char *text = NULL;
		int degrees, err;

		if (!g_str_has_prefix(name, "temp") ||
		    !g_str_has_suffix(name, "_input"))
			continue;
		path = g_strconcat("/sys/class/hwmon/", chip, "/", name, NULL);
		text = read_text(root, path, &err);
		if (!text) {
			g_snprintf(why, HAM_REASON_SIZE, "cannot read %s: %s",
				   path, g_strerror(err));
			continue;
		}
		any = true;
		degrees = (int)strtol(text, NULL, 10) / 1000;
		if (degrees <= sample->temperature)
			continue;
		sample->temperature = degrees;
		g_snprintf(sample->sensor, sizeof(sample->sensor), "%s/%s",
			   chip, name);
	}
	return any;
}

static void
read_temperature(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *folder = g_strconcat(root, "/sys/class/hwmon", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	char why[HAM_REASON_SIZE] = "no sensor in /sys/class/hwmon";
	bool any = false;
	const char *chip;

	while (dir && (chip = g_dir_read_name(dir)))
		any = read_chip(root, chip, sample, why) || any;
	if (!any)
		lacks(sample, HAM_HEALTH_TEMPERATURE, "%s", why);
}

static bool
has_carrier(const char *root, const char *interface)
{
	g_autofree char *path =
		g_strconcat("/sys/class/net/", interface, "/carrier", NULL);
	int err;
	g_autofree char *text = read_text(root, path, &err);

	return text && text[0] == '1';
}

/* A tap or tun: a guest's port, whoever's. */
static bool
is_tap(const char *root, const char *interface)
{
	g_autofree char *path = g_strconcat(root, "/sys/class/net/", interface,
					    "/tun_flags", NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* How many members it has that are no guest's, and in *cut_off: none of them
 * has a carrier. */
static unsigned int
uplinks_of(const struct ham_health_places *places, const char *bridge,
	   bool *cut_off)
{
	g_autofree char *folder = g_strconcat(places->root, "/sys/class/net/",
					      bridge, "/brif", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	unsigned int uplinks = 0, carriers = 0;
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (is_tap(places->root, name))
			continue;
		uplinks++;
		carriers += has_carrier(places->root, name);
	}
	*cut_off = uplinks > 0 && carriers == 0;
	return uplinks;
}

static void
ask_target(const struct ham_health_places *places, ptrdiff_t i,
	   struct ham_health_sample *sample)
{
	const char *target = places->targets ? places->targets[i] : "";
	const char *bridge = places->bridges[i];
	g_autoptr(GError) error = NULL;

	if (!target[0] || sample->target[0] ||
	    places->answers(bridge, target, &error))
		return;
	if (error) {
		lacks(sample, HAM_HEALTH_UPLINK, "cannot ask for %s: %s",
		      target, error->message);
		return;
	}
	g_snprintf(sample->target, sizeof(sample->target), "%s by bridge %s",
		   target, bridge);
}

/* A bridge for guests alone is nothing unusual, but where there is no other the
 * limit is held against nothing. */
static void
read_bridges(const struct ham_health_places *places,
	     struct ham_health_sample *sample)
{
	unsigned int uplinks = 0;

	for (char **b = places->bridges; b && *b; b++) {
		bool cut_off;
		unsigned int here = uplinks_of(places, *b, &cut_off);

		uplinks += here;
		if (cut_off && !sample->bridge[0])
			g_strlcpy(sample->bridge, *b, sizeof(sample->bridge));
		if (here && !cut_off)
			ask_target(places, b - places->bridges, sample);
	}
	if (uplinks == 0)
		lacks(sample, HAM_HEALTH_UPLINK,
		      "no bridge of a guest's port has a member here that is "
		      "no guest's");
}

void
ham_health_read(const struct ham_health_places *places,
		const struct ham_conf_health *limits,
		struct ham_health_sample *sample)
{
	if (limits->load)
		read_load(places->root, sample);
	if (limits->memory_available)
		read_memory(places->root, sample);
	if (limits->memory_pressure)
		read_pressure(places->root, sample);
	if (limits->disk_free)
		read_space(places, sample);
	if (limits->temperature)
		read_temperature(places->root, sample);
	if (limits->uplink)
		read_bridges(places, sample);
}

static int
lost_link(GHashTable *stats, uint32_t self, unsigned int *n)
{
	enum {
		LINKS = 8
	}; /* knet's KNET_MAX_LINK */
	unsigned int up[LINKS] = {0};
	unsigned int down[LINKS] = {0};
	unsigned int all_up = 0;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, stats);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		unsigned int node, link;
		char end;

		if (sscanf(key, "stats.knet.node%u.link%u.connecte%c", &node,
			   &link, &end) != 3 ||
		    node == self || link >= LINKS)
			continue;
		if (strcmp(value, "0") == 0)
			down[link]++;
		else
			up[link]++;
		++*n;
	}
	for (unsigned int i = 0; i < LINKS; i++)
		all_up += up[i];
	for (unsigned int i = 0; i < LINKS; i++)
		if (all_up && down[i] && !up[i])
			return (int)i;
	return -1;
}

void
ham_health_read_links(GHashTable *stats, const char *why, uint32_t self,
		      struct ham_health_sample *sample)
{
	unsigned int n = 0;
	int lost = stats ? lost_link(stats, self, &n) : -1;

	if (!stats)
		lacks(sample, HAM_HEALTH_CLUSTER_LINK, "%s", why);
	else if (n == 0)
		lacks(sample, HAM_HEALTH_CLUSTER_LINK,
		      "corosync has no figures of links to other nodes "
		      "(stats.knet.nodeN.linkN.connected)");
	if (lost >= 0)
		g_snprintf(sample->cluster_link, sizeof(sample->cluster_link),
			   "link %d", lost);
}
