/*
 * What a batch has to know of erased persons: whether an address that nobody has was one of theirs,
 * and which addresses stand for a contact that is to be erased.
 *
 * Form posts ask nothing of it. Who brings in addresses of others (imports, upserts, activities)
 * asks once a batch, with the claims; as long as nobody was ever erased no address is hashed for
 * that. The answer is right because the address was claimed before: it was free only because an
 * erasure was committed, or never was anybody's. An address that still was somebody's, whose
 * erasure is committed while we wait for the lock, shows itself by the contact, which is erased
 * then.
 *
 * The first row of the answer is the fingerprint of the key that was used so far. With another key,
 * or none, nothing can be known, and nobody new is let in but by a form.
 */
#include "store/change_batch_internal.h"

struct address_hash {
    bool is_made;
    struct sha256 hash;
};

/* The address that an input brings in for somebody else; absent: none. */
static struct str brought_address(const struct input *input)
{
    if (input->new_email_key.data != NULL) {
        return input->new_email_key;
    }
    return input->creates && input->kind != INPUT_SUBMISSION ? input->email_key
                                                             : (struct str){.data = NULL};
}

/* ---- sent ---- */

static bool has_questions(struct batch *batch)
{
    size_t brought = 0;
    batch->erase_count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        struct input *input = batch->inputs[i];
        input->suppression = SUPPRESSION_NONE;
        input->erasure.found_count = 0;
        batch->erase_count += input->kind == INPUT_ERASE;
        brought += brought_address(input).data != NULL;
    }
    return brought + batch->erase_count > 0;
}

static enum err_code hash_addresses(struct batch *batch, struct param *hashes)
{
    const struct store *store = batch->worker->store;
    batch->address_hashes =
        arena_array(batch->arena, batch->input_count, sizeof *batch->address_hashes);
    if (batch->address_hashes == NULL) {
        return batch_no_memory(batch);
    }
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct str address = brought_address(batch->inputs[i]);
        if (address.data == NULL) {
            continue;
        }
        struct address_hash *made = &batch->address_hashes[i];
        *made = (struct address_hash){.is_made = true,
                                      .hash = privacy_hash(&store->config.privacy_key, address)};
        item_bytes(hashes, made->hash.bytes, SHA256_BYTES);
    }
    return OK;
}

enum err_code batch_send_suppressions(struct batch *batch)
{
    struct store *store = batch->worker->store;
    struct params *params = &batch->worker->params;
    batch->asks_suppressions = has_questions(batch);
    if (!batch->asks_suppressions) {
        return OK;
    }
    params_clear(params);
    struct param *hashes = param_array(params, ITEM_BYTES);
    enum err_code code = OK;
    if (store->config.has_privacy_key && atomic_load(&store->has_erasures)) {
        code = hash_addresses(batch, hashes);
    }
    return code != OK ? code : batch_send(batch, STATEMENT_SUPPRESSION_EXISTING);
}

enum err_code batch_send_erasures(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    if (batch->erase_count == 0) {
        return OK;
    }
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->input_count; i++) {
        if (batch->inputs[i]->kind == INPUT_ERASE) {
            item_uuid(ids, batch->inputs[i]->contact_id);
        }
    }
    return batch_send(batch, STATEMENT_ERASURE_ADDRESSES);
}

/* ---- received ---- */

static bool is_among(const struct rows *rows, const struct sha256 *hash)
{
    const struct str bytes = str_slice((const char *)hash->bytes, SHA256_BYTES);
    for (size_t r = 0; r < rows_count(rows); r++) {
        if (!row_is_null(rows, r, 1) && str_eq(row_text(rows, r, 1), bytes)) {
            return true;
        }
    }
    return false;
}

/* Only an address that was nobody's a moment ago is asked about: of others it is known whose they
 * are. */
static enum suppression suppression_of(const struct batch *batch, size_t index,
                                       const struct rows *rows, bool is_right_key)
{
    const struct input *input = batch->inputs[index];
    const struct str address = brought_address(input);
    if (input->kind == INPUT_ERASE) {
        return is_right_key ? SUPPRESSION_NONE : SUPPRESSION_UNKNOWN;
    }
    const struct target *target = address.data != NULL ? batch_target_of_email(batch, address)
                                                       : NULL;
    if (target == NULL || !target->is_claimed) {
        return SUPPRESSION_NONE;
    }
    if (!is_right_key) {
        return SUPPRESSION_UNKNOWN;
    }
    const struct address_hash *made = &batch->address_hashes[index];
    return made->is_made && is_among(rows, &made->hash) ? SUPPRESSION_FOUND : SUPPRESSION_NONE;
}

static enum err_code take_suppressions(struct batch *batch, const struct rows *rows)
{
    struct store *store = batch->worker->store;
    struct str stored = {.data = NULL};
    for (size_t r = 0; r < rows_count(rows); r++) {
        stored = row_is_null(rows, r, 0) ? stored : row_text(rows, r, 0);
    }
    const bool is_first = stored.data == NULL;
    const bool is_right_key = store->config.has_privacy_key &&
                              (is_first || str_is(stored, store->privacy_fingerprint));
    if (!is_first && !atomic_exchange(&store->has_erasures, true) && is_right_key) {
        return err_set(batch->reterr, ERR_CONFLICT, "Somebody was erased for the first time.");
    }
    for (size_t i = 0; i < batch->input_count; i++) {
        struct input *input = batch->inputs[i];
        input->suppression = is_first && input->kind != INPUT_ERASE
                                 ? SUPPRESSION_NONE
                                 : suppression_of(batch, i, rows, is_right_key);
    }
    return OK;
}

static enum err_code take_addresses(struct batch *batch, const struct rows *rows)
{
    const struct store *store = batch->worker->store;
    for (size_t i = 0; i < batch->input_count; i++) {
        struct input *input = batch->inputs[i];
        const struct target *target = input->kind == INPUT_ERASE ? batch_target_of(batch, input)
                                                                 : NULL;
        if (target == NULL || !store->config.has_privacy_key) {
            continue;
        }
        struct sha256 *found = arena_array(batch->arena, rows_count(rows) + 1, sizeof *found);
        if (found == NULL) {
            return batch_no_memory(batch);
        }
        for (size_t r = 0; r < rows_count(rows); r++) {
            if (uuid_eq(row_uuid(rows, r, 0), target->contact_id)) {
                found[input->erasure.found_count++] =
                    privacy_hash(&store->config.privacy_key, row_text(rows, r, 1));
            }
        }
        input->erasure.found = found;
    }
    return OK;
}

enum err_code batch_receive_suppressions(struct batch *batch)
{
    struct rows *rows = NULL;
    if (!batch->asks_suppressions) {
        return OK;
    }
    const enum err_code code = batch_receive(batch, &rows);
    return code != OK ? code : take_suppressions(batch, rows);
}

enum err_code batch_receive_erasures(struct batch *batch)
{
    struct rows *rows = NULL;
    if (batch->erase_count == 0) {
        return OK;
    }
    const enum err_code code = batch_receive(batch, &rows);
    return code != OK ? code : take_addresses(batch, rows);
}
