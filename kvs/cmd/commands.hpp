// What each command does. All return the exit code, or throw Failure, UsageError or OutputClosed.
#pragma once
#include "kvs/cmd/settings.hpp"

namespace kvs {

int get(const Settings& settings);
int set(const Settings& settings);
int remove(const Settings& settings);
int watch(const Settings& settings);
int touch(const Settings& settings);
int list(const Settings& settings);
int txn(const Settings& settings);
int history(const Settings& settings);
int export_keys(const Settings& settings);
int import_keys(const Settings& settings);
int repair(const Settings& settings);
int wait(const Settings& settings);
int exec(const Settings& settings);
int status(const Settings& settings);
int health(const Settings& settings);
int doctor(const Settings& settings);
int topic_create(const Settings& settings);
int topic_check(const Settings& settings);
int topic_describe(const Settings& settings);
int topic_trim(const Settings& settings);
int promote(const Settings& settings);
int snapshot_save(const Settings& settings);
int snapshot_inspect(const Settings& settings);
int snapshot_restore(const Settings& settings);
int context_add(const Settings& settings);
int context_list(const Settings& settings);
int context_show(const Settings& settings);
int context_select(const Settings& settings);
int context_remove(const Settings& settings);
int config_show(const Settings& settings);
int token_create(const Settings& settings);
int completion(const Settings& settings);
int complete_words(const Settings& settings);
int write_manual(const Settings& settings);

// The original program's get, set and watch, output included; for who calls this one by the name `kvs-cli`.
bool called_as_legacy(const char* program);
int legacy_get(const Settings& settings);
int legacy_set(const Settings& settings);
int legacy_watch(const Settings& settings);

// One line on stderr: what went wrong, and what to do about it.
void report(const Failure& failure);

}  // namespace kvs
