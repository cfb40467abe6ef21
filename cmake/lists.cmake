# Lists of domains and countries, made from pinned npm packages and built in: domain_lists(<target> <symbol> <list>...)
#
# cmake/lists/package-lock.json has the packages' checksums; npm fetches them once into cmake/lists/node_modules,
# and again when the lock file changes. With that folder in place no network is needed.
# cmake/lists/make.mjs makes each list; embed_files (embed.cmake) builds them in as <list>.txt.
function(domain_lists target symbol)
    set(source ${CMAKE_SOURCE_DIR}/cmake/lists)
    set(lock ${source}/package-lock.json)
    set(installed ${source}/node_modules/package-lock.json)
    find_program(NODE_PROGRAM NAMES node nodejs REQUIRED)
    file(LOCK ${source} DIRECTORY GUARD FUNCTION TIMEOUT 600) # several trees may be configured at once
    execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${lock} ${installed}
        RESULT_VARIABLE is_old OUTPUT_QUIET ERROR_QUIET)
    if(is_old)
        find_program(NPM_PROGRAM npm REQUIRED)
        message(STATUS "Fetching the packages of cmake/lists")
        execute_process(COMMAND ${NPM_PROGRAM} ci --ignore-scripts --no-audit --no-fund
            WORKING_DIRECTORY ${source} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
        if(failed)
            message(FATAL_ERROR "npm could not install cmake/lists/package-lock.json; it needs the npm registry once.\n${output}")
        endif()
        file(COPY_FILE ${lock} ${installed})
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${lock})
    set(files "")
    foreach(list ${ARGN})
        set(file ${CMAKE_CURRENT_BINARY_DIR}/lists/${list}.txt)
        add_custom_command(OUTPUT ${file}
            COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/lists
            COMMAND ${NODE_PROGRAM} ${source}/make.mjs ${list} ${file}
            DEPENDS ${source}/make.mjs ${source}/${list}.txt ${lock} VERBATIM)
        list(APPEND files ${file})
    endforeach()
    embed_files(${target} ${symbol} ${files})
endfunction()
