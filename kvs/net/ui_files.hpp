// The files of the page /ui/, as they were when the binary was built. ui_files.cmake makes the table of kvs/net/ui/*.
#pragma once
#include <span>
#include <string_view>

namespace kvs {

struct UiFile {
  std::string_view name;          // "index.html": no folders
  std::string_view content_type;  // as sent
  std::string_view etag;          // with its quotes; of the content alone
  std::string_view content;
};

// In the order of their names. Static: valid for ever.
std::span<const UiFile> ui_files();
// The empty name is index.html; nullptr if there is no such file.
const UiFile* find_ui_file(std::string_view name);

}  // namespace kvs
