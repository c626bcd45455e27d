#include "kvs/net/record_json.hpp"

#include <algorithm>

#include "kvs/json_text.hpp"
#include "kvs/text_block.hpp"

namespace kvs {
namespace {

// "2026-…" with its quotes.
void put_time(TextBlock& block, LogTime time) {
  block << '"';
  write_time(block.take(time_text_size), time);
  block << '"';
}

// The members of a record, the first without a comma before it.
void append_members(std::string& out, const Record& record, ValueForm form) {
  append_json_member(out, "key", record.key());
  out += ',';
  if (form == ValueForm::value) append_json_member(out, "value", record.value());
  TextBlock block(out);
  if (form == ValueForm::size) block << "\"size\":" << std::uint64_t{record.value().size()};
  block << ",\"revision\":" << number(record.revision())
        << ",\"created_revision\":" << number(record.created_revision())
        << ",\"version\":" << std::uint64_t{record.version()} << ",\"modified\":";
  put_time(block, record.modified());
  if (auto expires = record.expires()) {
    block << ",\"expires\":";
    put_time(block, *expires);
  }
  if (record.content_type().empty()) return;
  block << ",\"content_type\":";
  block.flush();
  append_json_string_replacing(out, record.content_type());
}

void append_control(std::string& out, std::string_view op, Revision revision) {
  TextBlock block(out);
  block << "{\"op\":\"" << op << "\",\"revision\":" << number(revision);
}

void append_previous(std::string& out, const Record& record, ValueForm form) {
  out += ",\"prev\":{";
  if (form == ValueForm::value) append_json_member(out, "value", record.value());
  TextBlock block(out);
  if (form == ValueForm::size) block << "\"size\":" << std::uint64_t{record.value().size()};
  block << ",\"revision\":" << number(record.revision()) << '}';
}

// Without its end.
void append_gone(std::string& out, const Tombstone& gone) {
  out += gone.op == Op::expire ? "{\"op\":\"expire\"," : "{\"op\":\"delete\",";
  append_json_member(out, "key", gone.key);
  TextBlock block(out);
  block << ",\"revision\":" << number(gone.revision) << ",\"time\":";
  put_time(block, gone.time);
}

void append_marks(std::string& out, EventMarks marks, ValueForm form = ValueForm::value) {
  if (marks.previous) append_previous(out, *marks.previous, form);
  if (marks.initial) out += ",\"initial\":true";
  if (marks.more) out += ",\"more\":true";
}

// What a record will take, roughly: saves the string from growing step by step.
void make_room(std::string& out, const Record& record, ValueForm form) {
  std::size_t need = out.size() + 256 + record.key().size() + (form == ValueForm::value ? record.value().size() : 0);
  if (out.capacity() < need) out.reserve(std::max(need, out.capacity() * 2));
}

}  // namespace

void append_record(std::string& out, const Record& record, ValueForm form) {
  make_room(out, record, form);
  out += '{';
  append_members(out, record, form);
  out += '}';
}

void append_event(std::string& out, const Change& change, ValueForm form, EventMarks marks) {
  const Record& record = *change.record;
  make_room(out, record, form);
  if (change.op != Op::set) {
    append_gone(out, {change.op, record.key(), record.revision(), record.modified()});
  } else {
    out += "{\"op\":\"set\",";
    append_members(out, record, form);
    if (record.created_revision() == record.revision()) out += ",\"created\":true";
  }
  append_marks(out, marks, form);
  out += '}';
}

void append_removal(std::string& out, const Tombstone& gone, EventMarks marks) {
  append_gone(out, gone);
  append_marks(out, marks);
  out += '}';
}

void append_initial_event(std::string& out, const Record& record, ValueForm form) {
  make_room(out, record, form);
  out += "{\"op\":\"set\",";
  append_members(out, record, form);
  out += ",\"initial\":true}";
}

void append_synced(std::string& out, Revision revision) {
  append_control(out, "synced", revision);
  out += '}';
}

void append_progress(std::string& out, Revision revision) {
  append_control(out, "progress", revision);
  out += '}';
}

void append_reset(std::string& out, Revision revision, Revision oldest) {
  append_control(out, "reset", revision);
  out += ",\"oldest_revision\":";
  append_number(out, number(oldest));
  out += '}';
}

void append_diff(std::string& out, Revision since, Revision revision) {
  TextBlock block(out);
  block << "{\"op\":\"diff\",\"since\":" << number(since) << ",\"revision\":" << number(revision) << '}';
}

void append_skipped(std::string& out, std::uint64_t count) {
  out += "{\"op\":\"skipped\",\"count\":";
  append_number(out, count);
  out += '}';
}

void append_error(std::string& out, std::string_view code, std::string_view detail, std::string_view since) {
  TextBlock block(out);
  block << "{\"op\":\"error\",\"code\":\"" << code << "\",\"detail\":";
  block.flush();
  append_json_string_replacing(out, detail);
  block << ",\"since\":\"" << since << "\"}";
}

void append_stale(std::string& out, LogTime since) {
  out += "{\"op\":\"stale\",\"time\":\"";
  append_time(out, since);
  out += "\"}";
}

void append_fresh(std::string& out) { out += "{\"op\":\"fresh\"}"; }

void append_legacy_pair(std::string& out, std::string_view key, std::string_view value) {
  out += "{\"Key\":";
  append_json_string_replacing(out, key);
  out += ",\"Value\":";
  append_json_string_replacing(out, value);
  out += "}\n";
}

void append_legacy_member(std::string& out, std::string_view key, std::string_view value) {
  append_json_string_replacing(out, key);
  out += ':';
  append_json_string_replacing(out, value);
}

void append_legacy_event(std::string& out, const Change& change, std::string_view topic) {
  const Record& record = *change.record;
  make_room(out, record, ValueForm::value);
  out += "{\"Topic\":";
  append_json_string_replacing(out, topic);
  TextBlock block(out);
  block << ",\"Partition\":0,\"Offset\":" << number(record.revision()) - 1 << ",\"Key\":\"Client address="
        << to_string(change.origin)  // digits, dots, colons, brackets, letters: needs no escape
        << "\",\"Value\":";
  block.flush();
  append_json_string_replacing(out, record.key());
  out.back() = ':';  // both strings become one: the closing quote makes room for ": "
  std::size_t seam = out.size();
  append_json_string_replacing(out, record.value());
  out[seam] = ' ';
  out += change.op != Op::set ? ",\"Deleted\":true}\n" : "}\n";
}

}  // namespace kvs
