<?php
/**
 * Plugins and themes.
 */

namespace WP_Codebox\Sandbox\Content;

require_once __DIR__ . '/archive.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
require_once ABSPATH . 'wp-admin/includes/theme.php';

/**
 * Installs from an archive, a directory, or a plugin of one file.
 *
 * @param array<string, mixed> $task The host's task.
 */
function install( array $task ): array {
	try {
		return installed( $task );
	} catch ( Refused $refused ) {
		if ( ! $task['keepGoing'] ) {
			throw $refused;
		}
		return array(
			'skipped' => true,
			'reason'  => $refused->getMessage(),
		);
	}
}

/**
 * The same, with every failure an end.
 *
 * @param array<string, mixed> $task The host's task.
 */
function installed( array $task ): array {
	$plugin  = 'plugin' === $task['kind'];
	$root    = $plugin ? WP_PLUGIN_DIR : get_theme_root();
	$from    = confine( $task['from'] );
	$scratch = null;
	if ( is_file( $from ) && 'PK' !== file_get_contents( $from, false, null, 0, 2 ) ) {
		if ( ! $plugin || ! str_ends_with( $task['name'], '.php' ) ) {
			throw new Refused( 'source_invalid', 'The source is neither a zip archive nor a directory.' );
		}
		$folder = $task['folder'] ?? basename( $task['name'], '.php' );
		$target = $root . '/' . $folder . '/' . basename( $task['name'] );
	} elseif ( is_file( $from ) ) {
		$scratch = '/tmp/' . uniqid( 'install-', true );
		unzip( $from, $scratch );
		$inside = array_values( array_filter( entries( $scratch ), fn ( $path ) => '__MACOSX' !== basename( $path ) ) );
		$one    = 1 === count( $inside ) && is_dir( $inside[0] );
		$from   = $one ? $inside[0] : $scratch;
		$folder = $task['folder'] ?? ( $one ? basename( $from ) : basename( $task['name'], '.zip' ) );
		$target = $root . '/' . $folder;
	} elseif ( is_dir( $from ) ) {
		$folder = $task['folder'] ?? basename( $task['name'] );
		$target = $root . '/' . $folder;
	} else {
		throw new Refused( 'source_missing', sprintf( 'There is nothing to install at %s.', $from ) );
	}
	if ( ! is_plain_name( $folder ) || str_contains( $folder, '/' ) ) {
		throw new Refused( 'folder_invalid', 'The name of the directory to install to is unusable: name one with targetFolderName.' );
	}
	$fresh = place( $from, $target, $task['existing'] );
	if ( null !== $scratch && is_dir( $scratch ) ) {
		remove_directory( $scratch );
	}
	wp_clean_plugins_cache();
	wp_clean_themes_cache();
	$result = array(
		'folder'    => $folder,
		'installed' => $fresh,
	);
	if ( ! $plugin ) {
		$theme = wp_get_theme( $folder );
		if ( ! $theme->exists() ) {
			throw new Refused( 'theme_invalid', sprintf( 'There is no theme in %s.', $folder ) );
		}
		if ( $task['activate'] ) {
			$result += activate_theme( $folder );
		}
		return $result;
	}
	if ( $task['activate'] ) {
		$file = plugin_file( $folder );
		if ( array() !== $task['activationOptions'] ) {
			update_option( 'blueprint_activation_' . $file, $task['activationOptions'] );
		}
		$result += activate_plugin( $folder );
		delete_option( 'blueprint_activation_' . $file );
	}
	return $result;
}

/**
 * Puts files in place, unless something is there that shall stay.
 *
 * @param string $from     Absolute.
 * @param string $target   Absolute.
 * @param string $existing `overwrite`, `skip` or `error`.
 */
function place( string $from, string $target, string $existing ): bool {
	if ( file_exists( $target ) ) {
		if ( 'skip' === $existing ) {
			return false;
		}
		if ( 'error' === $existing ) {
			throw new Refused( 'already_installed', sprintf( '%s is installed already.', basename( $target ) ) );
		}
		if ( is_dir( $target ) && ! is_link( $target ) ) {
			remove_directory( $target );
		}
	}
	copy_path( $from, $target );
	return true;
}

/**
 * The plugin's main file, relative to the plugins' directory.
 *
 * @param string $plugin A file or a directory, relative to it.
 */
function plugin_file( string $plugin ): string {
	if ( is_file( WP_PLUGIN_DIR . '/' . $plugin ) ) {
		return $plugin;
	}
	wp_clean_plugins_cache();
	// WordPress looks one directory further, but activates only what lies in the plugin's own.
	$files = array_filter( array_keys( get_plugins( '/' . $plugin ) ), fn ( string $file ): bool => ! str_contains( $file, '/' ) );
	if ( array() === $files ) {
		throw new Refused( 'plugin_missing', sprintf( 'There is no plugin in %s.', $plugin ) );
	}
	$named = basename( $plugin ) . '.php';
	return $plugin . '/' . ( in_array( $named, $files, true ) ? $named : reset( $files ) );
}

/**
 * Activates a plugin.
 *
 * @param string $plugin A file or a directory, relative to the plugins' directory.
 */
function activate_plugin( string $plugin ): array {
	$file = plugin_file( $plugin );
	must( \activate_plugin( $file ) );
	if ( ! is_plugin_active( $file ) ) {
		throw new Refused( 'not_active', sprintf( 'The plugin %s was not activated.', $file ) );
	}
	return array(
		'plugin' => $file,
		'active' => true,
	);
}

/**
 * Activates a theme.
 *
 * @param string $theme Its directory's name.
 */
function activate_theme( string $theme ): array {
	$found = wp_get_theme( $theme );
	if ( ! $found->exists() ) {
		throw new Refused( 'theme_missing', sprintf( 'There is no theme in %s.', $theme ) );
	}
	must( validate_theme_requirements( $theme ) );
	switch_theme( $theme );
	return array(
		'theme'  => $theme,
		'active' => get_stylesheet() === $theme,
	);
}
