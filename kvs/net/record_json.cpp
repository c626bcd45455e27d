#include "kvs/net/record_json.hpp"

#include <algorithm>

#include "kvs/json_text.hpp"

namespace kvs {
namespace {

void append_number_member(std::string& out, std::string_view name, std::uint64_t value) {
  out += name;
  append_number(out, value);
}

void append_time_member(std::string& out, std::string_view name, LogTime time) {
  out += name;
  append_time(out, time);
  out += '"';
}

// The members of a record, the first without a comma before it.
void append_members(std::string& out, const Record& record, ValueForm form) {
  append_json_member(out, "key", record.key());
  out += ',';
  if (form == ValueForm::value) {
    append_json_member(out, "value", record.value());
  } else {
    append_number_member(out, "\"size\":", record.value().size());
  }
  append_number_member(out, ",\"revision\":", number(record.revision()));
  append_number_member(out, ",\"created_revision\":", number(record.created_revision()));
  append_number_member(out, ",\"version\":", record.version());
  append_time_member(out, ",\"modified\":\"", record.modified());
  if (record.content_type().empty()) return;
  out += ",\"content_type\":";
  append_json_string_replacing(out, record.content_type());
}

void append_marks(std::string& out, EventMarks marks) {
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
  if (change.op == Op::remove) {
    out += "{\"op\":\"delete\",";
    append_json_member(out, "key", record.key());
    append_number_member(out, ",\"revision\":", number(record.revision()));
    append_time_member(out, ",\"time\":\"", record.modified());
  } else {
    out += "{\"op\":\"set\",";
    append_members(out, record, form);
    if (record.created_revision() == record.revision()) out += ",\"created\":true";
  }
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
  append_number_member(out, "{\"op\":\"synced\",\"revision\":", number(revision));
  out += '}';
}

void append_progress(std::string& out, Revision revision) {
  append_number_member(out, "{\"op\":\"progress\",\"revision\":", number(revision));
  out += '}';
}

void append_reset(std::string& out, Revision revision, Revision oldest) {
  append_number_member(out, "{\"op\":\"reset\",\"revision\":", number(revision));
  append_number_member(out, ",\"oldest_revision\":", number(oldest));
  out += '}';
}

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
  append_number_member(out, ",\"Partition\":0,\"Offset\":", number(record.revision()) - 1);
  out += ",\"Key\":\"Client address=";
  out += to_string(change.origin);  // digits, dots, colons, brackets, letters: needs no escape
  out += "\",\"Value\":";
  append_json_string_replacing(out, record.key());
  out.back() = ':';  // both strings become one: the closing quote makes room for ": "
  std::size_t seam = out.size();
  append_json_string_replacing(out, record.value());
  out[seam] = ' ';
  out += change.op == Op::remove ? ",\"Deleted\":true}\n" : "}\n";
}

}  // namespace kvs
