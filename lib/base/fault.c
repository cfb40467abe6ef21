#include "base/fault.h"

#include <stdio.h>

enum { FAULT_DETAIL_BYTES_MAX = 800 };

/* When there is no memory for the first one: the input stays refused. */
static const struct fault no_memory = {
    .pointer = "", .code = "memory", .detail = "Out of memory. Try again."};

void faults_init(struct faults *faults, struct arena *arena)
{
    *faults = (struct faults){.arena = arena};
}

static bool make_room(struct faults *faults)
{
    if (faults->count < faults->room_count)
        return true;
    size_t room_count = faults->room_count == 0 ? 4 : 2 * faults->room_count;
    if (room_count > FAULTS_MAX)
        room_count = FAULTS_MAX;
    struct fault *room =
        faults->count < room_count ? arena_array(faults->arena, room_count, sizeof *room) : NULL;
    if (room == NULL)
        return false;
    if (faults->count > 0)
        memcpy(room, faults->items, faults->count * sizeof *room);
    faults->items = faults->room = room;
    faults->room_count = room_count;
    return true;
}

void faults_add(struct faults *faults, const char *pointer, const char *code, const char *format,
                ...)
{
    if (!make_room(faults)) {
        if (faults->count == 0) {
            faults->items = &no_memory;
            faults->count = 1;
        }
        return;
    }
    char text[FAULT_DETAIL_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *detail = len >= 0 ? arena_strdup(faults->arena, text) : NULL;
    const char *place = pointer != NULL ? arena_strdup(faults->arena, pointer) : NULL;
    /* Without memory for its text the fault still counts. */
    faults->room[faults->count++] = (struct fault){
        .pointer = place != NULL ? place : "",
        .code = code,
        .detail = detail != NULL ? detail : "The value is not acceptable.",
    };
}

void faults_write(const struct faults *faults, struct json_writer *json)
{
    json_array_begin(json);
    for (size_t i = 0; faults != NULL && i < faults->count; i++) {
        json_object_begin(json);
        JSON_FIELD(json, "pointer", json_text, faults->items[i].pointer);
        JSON_FIELD(json, "code", json_text, faults->items[i].code);
        JSON_FIELD(json, "detail", json_text, faults->items[i].detail);
        json_object_end(json);
    }
    json_array_end(json);
}
