/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/metadata.c - an agent's XML becomes a description
 *
 * The XML is an agent's and may be anything: GMarkup knows no entities but
 * XML's five and reads nothing but the text, which agent.c has bounded.  What
 * is not known here is passed over; only what an option can be held against
 * is kept.
 *
 * Refuses text without a whole <resource-agent>.
 */
#include "fence/metadata.h"

#include <string.h>

#include "hamd/base/error.h"

static const char end_tag[] = "</resource-agent>";

static void
parameter_free(void *data)
{
	struct ham_fence_parameter *parameter = data;

	g_free(parameter->name);
	g_free(parameter->obsoletes);
	g_ptr_array_unref(parameter->choices);
	g_free(parameter);
}

void
ham_fence_description_free(ham_fence_description *description)
{
	if (!description)
		return;
	g_ptr_array_unref(description->parameters);
	g_hash_table_unref(description->actions);
	g_free(description);
}

bool
ham_fence_same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

const struct ham_fence_parameter *
ham_fence_find_parameter(const ham_fence_description *description,
			 const char *name)
{
	for (guint i = 0; i < description->parameters->len; i++) {
		const struct ham_fence_parameter *p =
			g_ptr_array_index(description->parameters, i);

		if (ham_fence_same_name(p->name, name))
			return p;
	}
	return NULL;
}

/* NULL: it is not there. */
static const char *
attribute(const char **names, const char **values, const char *name)
{
	for (; *names; names++, values++)
		if (strcmp(*names, name) == 0)
			return *values;
	return NULL;
}

static void
add_parameter(ham_fence_description *description, const char **names,
	      const char **values)
{
	const char *name = attribute(names, values, "name");
	const char *required = attribute(names, values, "required");
	struct ham_fence_parameter *parameter;

	if (!name)
		return;
	parameter = g_new0(struct ham_fence_parameter, 1);
	parameter->name = g_strdup(name);
	parameter->required = g_strcmp0(required, "1") == 0;
	parameter->obsoletes = g_strdup(attribute(names, values, "obsoletes"));
	parameter->choices = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(description->parameters, parameter);
}

static void
set_content(struct ham_fence_parameter *parameter, const char **names,
	    const char **values)
{
	const char *type = attribute(names, values, "type");

	parameter->has_default = attribute(names, values, "default") != NULL;
	if (g_strcmp0(type, "boolean") == 0)
		parameter->type = HAM_FENCE_BOOLEAN;
	else if (g_strcmp0(type, "integer") == 0 ||
		 g_strcmp0(type, "second") == 0)
		parameter->type = HAM_FENCE_INTEGER;
	else if (g_strcmp0(type, "select") == 0)
		parameter->type = HAM_FENCE_SELECT;
}

/* Whether the element before the innermost one is of that name. */
static bool
is_within(GMarkupParseContext *context, const char *name)
{
	const GSList *open = g_markup_parse_context_get_element_stack(context);

	return open && open->next && strcmp(open->next->data, name) == 0;
}

static void
on_element(GMarkupParseContext *context, const char *element,
	   const char **names, const char **values, void *data, GError **error)
{
	ham_fence_description *description = data;
	GPtrArray *all = description->parameters;
	struct ham_fence_parameter *last =
		all->len ? g_ptr_array_index(all, all->len - 1) : NULL;

	(void)error;
	if (strcmp(element, "parameter") == 0) {
		add_parameter(description, names, values);
	} else if (strcmp(element, "action") == 0) {
		const char *name = attribute(names, values, "name");

		if (name)
			g_hash_table_add(description->actions, g_strdup(name));
	} else if (last && is_within(context, "parameter") &&
		   strcmp(element, "content") == 0) {
		set_content(last, names, values);
	} else if (last && is_within(context, "content") &&
		   strcmp(element, "option") == 0) {
		const char *value = attribute(names, values, "value");

		if (value)
			g_ptr_array_add(last->choices, g_strdup(value));
	}
}

/* What libraries have to say comes before it, or behind; NULL: no XML. */
static const char *
find_xml(const char *text, size_t *len)
{
	const char *begin = strstr(text, "<resource-agent");
	const char *end = g_strrstr(text, end_tag);

	if (!begin || !end || end < begin)
		return NULL;
	*len = (size_t)(end - begin) + strlen(end_tag);
	return begin;
}

ham_fence_description *
ham_fence_description_parse(const char *text, GError **error)
{
	static const GMarkupParser parser = {.start_element = on_element};
	g_autoptr(ham_fence_description) description =
		g_new0(ham_fence_description, 1);
	g_autoptr(GMarkupParseContext) context = NULL;
	size_t len = 0;
	const char *xml = find_xml(text, &len);

	description->parameters =
		g_ptr_array_new_with_free_func(parameter_free);
	description->actions =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!xml) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "no <resource-agent> and its end are in it");
		return NULL;
	}
	context = g_markup_parse_context_new(&parser, 0, description, NULL);
	if (!g_markup_parse_context_parse(context, xml, (gssize)len, error) ||
	    !g_markup_parse_context_end_parse(context, error))
		return NULL;
	return g_steal_pointer(&description);
}
