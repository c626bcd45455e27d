# Writes OUTPUT, the table behind ui_files(), from the files in FOLDER:
#   cmake -DFOLDER=kvs/net/ui -DOUTPUT=ui_files.cpp -P ui_files.cmake
set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_svg "image/svg+xml")

file(GLOB paths ${FOLDER}/*)
list(SORT paths)
set(contents)
set(rows)
set(number 0)
foreach(path ${paths})
  cmake_path(GET path FILENAME name)
  cmake_path(GET path EXTENSION LAST_ONLY kind)
  string(SUBSTRING "${kind}" 1 -1 kind)
  if(NOT types_${kind})
    message(FATAL_ERROR "${path}: no content type is known for .${kind}; add one to ui_files.cmake")
  endif()
  file(SHA256 ${path} digest)
  string(SUBSTRING ${digest} 0 16 tag)
  file(READ ${path} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(............................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND contents "constexpr unsigned char file_${number}[] = {\n${bytes}};\n")
  string(APPEND rows "    {\"${name}\", \"${types_${kind}}\", \"\\\"${tag}\\\"\", text(file_${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUTPUT} "// Made by ui_files.cmake.
#include \"kvs/net/ui_files.hpp\"

namespace kvs {
namespace {

${contents}
template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const UiFile> ui_files() {
  static const UiFile files[] = {
${rows}  };
  return files;
}

}  // namespace kvs
")
