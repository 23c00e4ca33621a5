/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_sample.c - see health_sample.h
 *
 * Formats: proc(5) for loadavg and meminfo, Documentation/accounting/psi.rst,
 * Documentation/hwmon/sysfs-interface.rst (temp*_input in millidegrees),
 * Documentation/ABI/testing/sysfs-class-net (carrier; unreadable while the
 * interface is down).
 */
#include "hamd/health_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static char *
read_text(const char *root, const char *path)
{
	g_autofree char *full = g_strconcat(root, path, NULL);
	char *text = NULL;

	return g_file_get_contents(full, &text, NULL, NULL) ? text : NULL;
}

static void
read_load(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *text = read_text(root, "/proc/loadavg");

	if (text)
		sample->load = g_ascii_strtod(text, NULL);
}

static void
read_memory(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *text = read_text(root, "/proc/meminfo");
	const char *at = text ? strstr(text, "\nMemAvailable:") : NULL;

	if (at)
		sample->memory_available =
			1024 * g_ascii_strtoull(at + strlen("\nMemAvailable:"),
						NULL, 10);
}

static void
read_pressure(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *text = read_text(root, "/proc/pressure/memory");
	const char *full = text ? strstr(text, "full ") : NULL;
	const char *at = full ? strstr(full, "avg60=") : NULL;

	if (at)
		sample->memory_pressure =
			g_ascii_strtod(at + strlen("avg60="), NULL);
}

static void
read_space(const struct ham_health_places *places,
	   struct ham_health_sample *sample)
{
	for (char **f = places->folders; f && *f; f++) {
		g_autofree char *path = g_strconcat(places->root, *f, NULL);
		struct statvfs fs;
		uint64_t free;

		if (statvfs(path, &fs) != 0)
			continue;
		free = (uint64_t)fs.f_bavail * fs.f_frsize;
		if (free >= sample->disk_free)
			continue;
		sample->disk_free = free;
		g_strlcpy(sample->disk_folder, *f, sizeof(sample->disk_folder));
	}
}

/* temp1_input, temp2_input, ... of one chip */
static void
read_chip(const char *root, const char *chip, struct ham_health_sample *sample)
{
	g_autofree char *folder =
		g_strconcat(root, "/sys/class/hwmon/", chip, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = NULL;
		g_autofree char *text = NULL;
		int degrees;

		if (!g_str_has_prefix(name, "temp") ||
		    !g_str_has_suffix(name, "_input"))
			continue;
		path = g_strconcat("/sys/class/hwmon/", chip, "/", name, NULL);
		text = read_text(root, path);
		degrees = text ? (int)strtol(text, NULL, 10) / 1000 : 0;
		if (degrees <= sample->temperature)
			continue;
		sample->temperature = degrees;
		g_snprintf(sample->sensor, sizeof(sample->sensor), "%s/%s",
			   chip, name);
	}
}

static void
read_temperature(const char *root, struct ham_health_sample *sample)
{
	g_autofree char *folder = g_strconcat(root, "/sys/class/hwmon", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *chip;

	while (dir && (chip = g_dir_read_name(dir)))
		read_chip(root, chip, sample);
}

static bool
has_carrier(const char *root, const char *interface)
{
	g_autofree char *path =
		g_strconcat("/sys/class/net/", interface, "/carrier", NULL);
	g_autofree char *text = read_text(root, path);

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

/* It has members that are no guest's, and none of them has a carrier. */
static bool
is_cut_off(const struct ham_health_places *places, const char *bridge)
{
	g_autofree char *folder = g_strconcat(places->root, "/sys/class/net/",
					      bridge, "/brif", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	unsigned int uplinks = 0;
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (is_tap(places->root, name))
			continue;
		uplinks++;
		if (has_carrier(places->root, name))
			return false;
	}
	return uplinks > 0;
}

static void
read_bridges(const struct ham_health_places *places,
	     struct ham_health_sample *sample)
{
	for (char **b = places->bridges; b && *b; b++)
		if (!sample->bridge[0] && is_cut_off(places, *b))
			g_strlcpy(sample->bridge, *b, sizeof(sample->bridge));
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

int
ham_health_lost_link(GHashTable *stats, uint32_t self)
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
	}
	for (unsigned int i = 0; i < LINKS; i++)
		all_up += up[i];
	for (unsigned int i = 0; i < LINKS; i++)
		if (all_up && down[i] && !up[i])
			return (int)i;
	return -1;
}
