# The libc of a web module: the members of wasi-libc's libc.a that are pure functions, and nothing else, in one archive.
# That libc was not built for threads, so whatever keeps a state, allocates or asks the system stays out and is an
# undefined symbol at link time. src/libc_web.c adds malloc, printf and abort. `errno` and the state of strtok and
# signgam are words shared by all workers: use the reentrant forms.
#
# Sets PENNY_LIBC_ARCHIVE. Runs at configure time: it is a copy of some 250 small files.

set(_string bcmp bcopy bzero explicit_bzero index memccpy memchr memcmp memcpy memmem memmove mempcpy memrchr memset
    rindex stpcpy stpncpy strcasecmp strcasestr strcat strchr strchrnul strcmp strcpy strcspn strdup strerror
    strerror_r strlcat strlcpy strlen strncasecmp strncat strncmp strncpy strndup strnlen strpbrk strrchr strsep
    strspn strstr strtok strtok_r strverscmp swab strcoll strxfrm ffs ffsl ffsll)
set(_stdlib abs labs llabs imaxabs div ldiv lldiv imaxdiv atof atoi atol atoll strtol bsearch qsort rand_r)
set(_ctype isalnum isalpha isascii isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit
    toascii tolower toupper)
# The vsnprintf and vsscanf families on a string. The long double forms: the plain ones print an error to stderr for it.
set(_format vsnprintf snprintf vsprintf sprintf vsscanf sscanf vfprintf.long-double vfscanf.long-double
    strtod.long-double floatscan.long-double intscan shgetc fwrite __towrite __toread __uflow wctomb wcrtomb mbrtowc
    mbsinit internal libc __lctrans)
# Each with its float and long double forms (cos, cosf, cosl) and tables (exp_data).
set(_math math-builtins fmin-fmax signgam __math_divzero __math_invalid __math_oflow __math_uflow __math_xflow
    __cos __sin __tan __cosd __sind __tand __expo2 __invtrig __polevl __rem_pio2 __rem_pio2_large fenv fesetround
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf exp exp10 exp2 expm1 fabs fdim finite
    floor fma fmax fmin fmod frexp hypot ilogb j0 j1 jn ldexp lgamma lgamma_r lgammaf_r llrint llround log log10 log1p log2
    logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalb scalbln scalbn
    significand sin sincos sinh sqrt tan tanh tgamma trunc)

function(_penny_regex output)
  string(REPLACE ";" "|" joined "${ARGN}")
  string(REPLACE "." "\\." joined "${joined}")
  set(${output} "${joined}" PARENT_SCOPE)
endfunction()
_penny_regex(_plain_names ${_string} ${_stdlib} ${_ctype} ${_format})
_penny_regex(_math_names ${_math})

# Copies the members of ARCHIVE that are on the list into FOLDER (one level; the archives have no folders).
function(_penny_copy_members archive folder)
  execute_process(COMMAND "${CMAKE_AR}" t "${archive}" OUTPUT_VARIABLE members COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" members "${members}")
  # Newer wasi-libc calls them cos.c.obj.
  list(FILTER members INCLUDE REGEX "^((${_plain_names})|(${_math_names})[fl]?(_data)?)(\\.c)?\\.(o|obj)$")
  if(members)
    execute_process(COMMAND "${CMAKE_AR}" x "${archive}" ${members} WORKING_DIRECTORY "${folder}"
                    COMMAND_ERROR_IS_FATAL ANY)
  endif()
endfunction()

set(_penny_libc_folder "${CMAKE_CURRENT_BINARY_DIR}/penny-libc")
set(PENNY_LIBC_ARCHIVE "${CMAKE_CURRENT_BINARY_DIR}/libpenny-pure.a")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PENNY_WASI_LIBC}")
file(REMOVE_RECURSE "${_penny_libc_folder}" "${PENNY_LIBC_ARCHIVE}")
file(MAKE_DIRECTORY "${_penny_libc_folder}")
_penny_copy_members("${PENNY_WASI_LIBC}" "${_penny_libc_folder}")
get_filename_component(_penny_libc_dir "${PENNY_WASI_LIBC}" DIRECTORY)
# The same folder holds libm.a (empty in old versions) and the long double forms.
foreach(_extra libm libc-printscan-long-double)
  if(EXISTS "${_penny_libc_dir}/${_extra}.a")
    _penny_copy_members("${_penny_libc_dir}/${_extra}.a" "${_penny_libc_folder}")
  endif()
endforeach()
file(GLOB _penny_libc_members "${_penny_libc_folder}/*")
list(LENGTH _penny_libc_members _penny_libc_count)
if(_penny_libc_count LESS 200)
  message(FATAL_ERROR "Only ${_penny_libc_count} known members in ${PENNY_WASI_LIBC}: is this a wasi-libc?")
endif()
execute_process(COMMAND "${CMAKE_AR}" rcs "${PENNY_LIBC_ARCHIVE}" ${_penny_libc_members} COMMAND_ERROR_IS_FATAL ANY)
