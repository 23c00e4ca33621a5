/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/check.c - a device's options against what its agent says of itself
 *
 * Agents pass over an option that they do not know, with a warning that nobody
 * reads, and go on without it: a misspelt plug is found the day that the node
 * has to be off.  Pure.
 */
#include <string.h>

#include "fence/agent.h"
#include "fence/metadata.h"

struct check {
	const ham_fence_description *description;
	GHashTable *options;
	ham_fence_problem_fn on_problem;
	void *data;
};

static void
problem(const struct check *check, const char *key, const char *found,
	const char *expected)
{
	check->on_problem(key, found, expected, check->data);
}

/* The agent's name for it: of password_file it is password.  The caller's. */
static char *
agents_name(const char *key)
{
	size_t secret = ham_fence_secret_len(key);

	return g_strndup(key, secret ? secret : strlen(key));
}

static void
check_actions(const struct check *check)
{
	static const char *const needed[] = {"off", "status"};

	for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
		g_autofree char *found =
			g_strdup_printf("one without the action %s", needed[i]);

		if (!g_hash_table_contains(check->description->actions,
					   needed[i]))
			problem(check, NULL, found,
				"an agent that has off and status: what is "
				"not seen off proves nothing");
	}
}

static bool
is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (g_ascii_strcasecmp(value, *words) == 0)
			return true;
	return false;
}

static bool
is_integer(const char *value)
{
	if (*value == '-' || *value == '+')
		value++;
	return *value && strspn(value, "0123456789") == strlen(value);
}

static void
check_choice(const struct check *check, const char *key, const char *value,
	     GPtrArray *choices)
{
	g_autoptr(GString) expected = g_string_new(NULL);

	if (choices->len == 0) /* it does not say which */
		return;
	for (guint i = 0; i < choices->len; i++) {
		const char *choice = g_ptr_array_index(choices, i);

		if (g_ascii_strcasecmp(choice, value) == 0)
			return;
		if (choice[0])
			g_string_append_printf(expected, "%s%s",
					       expected->len ? " or " : "",
					       choice);
	}
	problem(check, key, value,
		expected->len ? expected->str : "no such option");
}

static void
check_option(const struct check *check, const char *key, const char *value)
{
	static const char *const booleans[] = {
		"0", "1", "no", "yes", "false", "true", "off", "on", NULL};
	/* done instead of any action, and successful, which means on */
	static const char *const instead[] = {"help", "version", NULL};
	g_autofree char *name = agents_name(key);
	const struct ham_fence_parameter *parameter =
		ham_fence_find_parameter(check->description, name);

	if (!parameter) {
		problem(check, key, "an option that the agent does not know",
			"one of those in its manual page");
		return;
	}
	if (parameter->type == HAM_FENCE_BOOLEAN && is_one_of(key, instead)) {
		problem(check, key, "it",
			"no such option: the agent would print text and see "
			"no node");
		return;
	}
	if (ham_fence_secret_len(key))
		return; /* what is in the file is nobody's to show */
	if (parameter->type == HAM_FENCE_SELECT)
		check_choice(check, key, value, parameter->choices);
	else if (parameter->type == HAM_FENCE_INTEGER && !is_integer(value))
		problem(check, key, value, "a whole number");
	else if (parameter->type == HAM_FENCE_BOOLEAN &&
		 !is_one_of(value, booleans))
		problem(check, key, value, "1 or 0");
}

static bool
is_given(const struct check *check, const char *name)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, check->options);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		g_autofree char *given = agents_name(key);

		if (ham_fence_same_name(given, name))
			return true;
	}
	return false;
}

/* An older name has a newer one, which is told of instead. */
static bool
is_older_name(const struct check *check,
	      const struct ham_fence_parameter *parameter)
{
	GPtrArray *all = check->description->parameters;

	for (guint i = 0; i < all->len; i++) {
		const struct ham_fence_parameter *p = g_ptr_array_index(all, i);

		if (p != parameter && p->obsoletes &&
		    ham_fence_same_name(p->obsoletes, parameter->name))
			return true;
	}
	return false;
}

static void
check_required(const struct check *check)
{
	GPtrArray *all = check->description->parameters;

	for (guint i = 0; i < all->len; i++) {
		const struct ham_fence_parameter *p = g_ptr_array_index(all, i);

		if (p->required && !p->has_default &&
		    !ham_fence_is_action(p->name) && !is_older_name(check, p) &&
		    !is_given(check, p->name) &&
		    !(p->obsoletes && is_given(check, p->obsoletes)))
			problem(check, p->name, NULL,
				"this option, which the agent needs");
	}
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
ham_fence_check(const ham_fence_description *description, GHashTable *options,
		ham_fence_problem_fn on_problem, void *data)
{
	const struct check check = {.description = description,
				    .options = options,
				    .on_problem = on_problem,
				    .data = data};
	g_autoptr(GList) keys =
		g_list_sort(g_hash_table_get_keys(options), compare_keys);

	check_actions(&check);
	for (const GList *l = keys; l; l = l->next)
		check_option(&check, l->data,
			     g_hash_table_lookup(options, l->data));
	check_required(&check);
}
