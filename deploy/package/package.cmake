# What is installed, and the Debian package that CPack makes of it: cmake --build BUILD --target package.
include(GNUInstallDirs)

set(wn_pages_dir ${PROJECT_BINARY_DIR}/pages)
set(wn_package_dir ${CMAKE_CURRENT_LIST_DIR})

# --- man pages and completion, from what the programs say of themselves ---------------------------
set(wn_pages ${wn_pages_dir}/wrongnumber.1 ${wn_pages_dir}/wrongnumber-bench.1
    ${wn_pages_dir}/wrongnumber.yaml.5 ${wn_pages_dir}/wrongnumber.bash)
file(GLOB wn_page_parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deploy/pages/*)
add_custom_command(
    OUTPUT ${wn_pages}
    COMMAND ${PROJECT_SOURCE_DIR}/deploy/pages/make ${PROJECT_BINARY_DIR} ${wn_pages_dir}
    DEPENDS wrongnumber wrongnumber-bench ${wn_page_parts}
    COMMENT "Writing man pages and completion" VERBATIM)

# --- the bill of materials ------------------------------------------------------------------------
set(wn_sbom ${PROJECT_BINARY_DIR}/wrongnumber.spdx.json)
add_custom_command(
    OUTPUT ${wn_sbom}
    COMMAND ${wn_package_dir}/make-sbom ${PROJECT_BINARY_DIR} ${wn_sbom}
    DEPENDS wrongnumber wrongnumber-bench ${wn_package_dir}/make-sbom
    COMMENT "Writing the bill of materials (SPDX 2.3)" VERBATIM)
add_custom_target(sbom DEPENDS ${wn_sbom})

# --- as Debian wants documents --------------------------------------------------------------------
set(wn_docs_dir ${PROJECT_BINARY_DIR}/package)
set(wn_docs ${wn_docs_dir}/changelog.gz ${wn_docs_dir}/copyright ${wn_docs_dir}/wrongnumber.1.gz
    ${wn_docs_dir}/wrongnumber-bench.1.gz ${wn_docs_dir}/wrongnumber.yaml.5.gz)
add_custom_command(
    OUTPUT ${wn_docs}
    COMMAND ${wn_package_dir}/make-documents ${PROJECT_VERSION} ${wn_pages_dir} ${wn_docs_dir}
    DEPENDS ${wn_pages} ${wn_package_dir}/make-documents ${wn_package_dir}/copyright
            ${PROJECT_SOURCE_DIR}/CHANGELOG.md
    VERBATIM)

# Programs under a sanitizer, or with a fuzzer's main, are not for installing.
if(NOT WN_SANITIZE)
    add_custom_target(documents ALL DEPENDS ${wn_docs} ${wn_sbom})
endif()

# --- where everything goes ------------------------------------------------------------------------
set(wn_share ${CMAKE_INSTALL_DATADIR}/wrongnumber)
install(TARGETS wrongnumber wrongnumber-bench RUNTIME)
foreach(program wrongnumber wrongnumber-bench)
    target_link_options(${program} PRIVATE -Wl,-z,relro,-z,now)
endforeach()
install(FILES ${wn_docs_dir}/wrongnumber.1.gz ${wn_docs_dir}/wrongnumber-bench.1.gz
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${wn_docs_dir}/wrongnumber.yaml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
foreach(program wrongnumber wrongnumber-bench)
    install(FILES ${wn_pages_dir}/wrongnumber.bash RENAME ${program}
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endforeach()
install(FILES ${wn_docs_dir}/changelog.gz ${wn_docs_dir}/copyright ${wn_sbom}
        ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/README.zh-CN.md ${PROJECT_SOURCE_DIR}/threat-model.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/schemas DESTINATION ${wn_share} PATTERN "*.md" EXCLUDE
        PATTERN "__pycache__" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/schemas/redis-keys.md ${PROJECT_SOURCE_DIR}/schemas/integration.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/acl DESTINATION ${wn_share})
# Rules, dashboard and the book for whoever is on call.
foreach(folder prometheus grafana)
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/${folder})
        install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/${folder} DESTINATION ${wn_share})
    endif()
endforeach()
if(EXISTS ${PROJECT_SOURCE_DIR}/deploy/RUNBOOK.md)
    install(FILES ${PROJECT_SOURCE_DIR}/deploy/RUNBOOK.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
# The configuration belongs to /etc in the package, whose prefix is /usr; an install elsewhere touches nothing of the system.
install(CODE "set(wn_source \"${PROJECT_SOURCE_DIR}/deploy\")")
install(CODE [[
    set(etc "${CMAKE_INSTALL_PREFIX}/etc")
    if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
        set(etc /etc)
    endif()
    file(INSTALL "${wn_source}/wrongnumber.yaml" DESTINATION "${etc}/wrongnumber")
    file(INSTALL DESTINATION "${etc}/wrongnumber/keys" TYPE DIRECTORY FILES "")
]])
install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/wrongnumber.service
        ${PROJECT_SOURCE_DIR}/deploy/systemd/wrongnumber-sync.service
        DESTINATION lib/systemd/system)

# --- the package ----------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME wrongnumber)
set(CPACK_PACKAGE_VENDOR "the wrongnumber maintainers")
set(CPACK_PACKAGE_CONTACT "the wrongnumber maintainers <maintainers@wrongnumber.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "finds collection messages that go to people who owe nothing")
set(CPACK_PACKAGE_DESCRIPTION
"Stands beside the messaging pipeline of a lender: reads every outbound
message from Kafka, looks the recipient up in relationship data cached in
Redis, holds messages to people who owe nothing, recognises that a whole
campaign, template, sender, vendor or tenant has gone wrong, and publishes
alerts and hold commands.
.
The package has the processor, the tools that try out, replay and measure
it, the schemas of its records and a systemd service, which is not started
before somebody has written its configuration.")
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${wn_package_dir}/strip.cmake)
set(CPACK_SOURCE_GENERATOR "")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "librdkafka1 (>= 2.0), tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server, kcat, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${wn_package_dir}/conffiles ${wn_package_dir}/postinst
    ${wn_package_dir}/prerm ${wn_package_dir}/postrm)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
