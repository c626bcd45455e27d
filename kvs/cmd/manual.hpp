// The man pages, made from the tables of commands and options when kvs is built.
#pragma once
#include <string>
#include <vector>

namespace kvs {

struct ManualPage {
  std::string name;  // "kvs-get"
  int section;
  std::string roff;  // for man(7)
};

// kvs(1), one for each command, kvs.conf(5) and kvs-http(7).
std::vector<ManualPage> manual_pages();

}  // namespace kvs
