<?php
/**
 * Files and directories.
 */

namespace WP_Codebox\Sandbox\Content;

const STAGING = '/internal/content';

/**
 * Trees nest no deeper.
 */
const MAX_DEPTH = 64;

/**
 * Makes sure that no link leads a path to one of the sandbox's own places.
 *
 * @param string $path Absolute, normalised.
 * @throws Refused If one does.
 */
function confine( string $path ): string {
	if ( str_starts_with( $path, STAGING . '/' ) ) {
		return $path;
	}
	for ( $at = $path; '/' !== $at && '' !== $at; $at = dirname( $at ) ) {
		$real = realpath( $at );
		if ( false === $real ) {
			if ( is_link( $at ) ) {
				throw new Refused( 'link_dangling', sprintf( '%s: a link that leads nowhere.', $at ) );
			}
			continue;
		}
		if ( preg_match( '#^/(internal|request|dev|proc)(/|$)#', $real ) ) {
			throw new Refused( 'path_outside', sprintf( '%s: a link leads to a place that the sandbox itself needs.', $path ) );
		}
		break;
	}
	return $path;
}

/**
 * The last warning of PHP as a refusal.
 *
 * @param string $what What was tried.
 */
function failed( string $what ): Refused {
	$why = preg_replace( '/^[a-z_]+\(.*?\): /', '', error_get_last()['message'] ?? '' );
	return new Refused( 'file_failed', rtrim( $what . ': ' . ( '' === $why ? 'it failed' : $why ), '.' ) . '.' );
}

/**
 * Makes a directory with its parents.
 *
 * @param string $path Absolute.
 */
function make_directory( string $path ): array {
	confine( $path );
	if ( ! is_dir( $path ) && ! @mkdir( $path, 0755, true ) ) {
		throw failed( "The directory $path could not be made" );
	}
	return array( 'path' => $path );
}

/**
 * Removes a file or a link.
 *
 * @param string $path Absolute.
 */
function remove_file( string $path ): array {
	confine( dirname( $path ) );
	if ( is_dir( $path ) && ! is_link( $path ) ) {
		throw new Refused( 'is_directory', "$path is a directory: use rmdir." );
	}
	if ( ! @unlink( $path ) ) {
		throw failed( "$path could not be removed" );
	}
	return array( 'path' => $path );
}

/**
 * Removes a directory with everything beneath it.
 *
 * @param string $path Absolute.
 */
function remove_directory( string $path ): array {
	confine( dirname( $path ) );
	if ( ! is_dir( $path ) || is_link( $path ) ) {
		throw new Refused( 'not_directory', "$path is not a directory." );
	}
	foreach ( entries( $path ) as $inner ) {
		if ( is_dir( $inner ) && ! is_link( $inner ) ) {
			remove_directory( $inner );
		} elseif ( ! @unlink( $inner ) ) {
			throw failed( "$inner could not be removed" );
		}
	}
	if ( ! @rmdir( $path ) ) {
		throw failed( "$path could not be removed" );
	}
	return array( 'path' => $path );
}

/**
 * What is in a directory, as paths.
 *
 * @param string $path Absolute.
 * @return string[]
 */
function entries( string $path ): array {
	$names = @scandir( $path );
	if ( false === $names ) {
		throw failed( "$path could not be read" );
	}
	$paths = array();
	foreach ( array_diff( $names, array( '.', '..' ) ) as $name ) {
		$paths[] = $path . '/' . $name;
	}
	return $paths;
}

/**
 * Copies a file, or a directory with everything beneath it.
 *
 * @param string $from Absolute.
 * @param string $to   Absolute.
 */
function copy_path( string $from, string $to ): array {
	if ( str_starts_with( $to . '/', $from . '/' ) ) {
		throw new Refused( 'into_itself', "$from cannot be copied into itself." );
	}
	confine( $from );
	$files = copy_tree( $from, $to, 0 );
	return array(
		'path'  => $to,
		'files' => $files,
	);
}

/**
 * Copies and counts files. A link is copied as what it leads to.
 *
 * @param string $from  Absolute.
 * @param string $to    Absolute.
 * @param int    $depth How deep it is.
 */
function copy_tree( string $from, string $to, int $depth ): int {
	if ( MAX_DEPTH === $depth ) {
		throw new Refused( 'too_deep', "$from: the directories are nested too deeply." );
	}
	confine( $from );
	if ( ! is_dir( $from ) ) {
		make_directory( dirname( $to ) );
		confine( $to );
		if ( ! @copy( $from, $to ) ) {
			throw failed( "$to could not be written" );
		}
		return 1;
	}
	make_directory( $to );
	$files = 0;
	foreach ( entries( $from ) as $inner ) {
		$files += copy_tree( $inner, $to . '/' . basename( $inner ), $depth + 1 );
	}
	return $files;
}

/**
 * Moves a file or a directory.
 *
 * @param string $from Absolute.
 * @param string $to   Absolute.
 */
function move_path( string $from, string $to ): array {
	confine( dirname( $from ) );
	confine( $to );
	make_directory( dirname( $to ) );
	if ( ! @rename( $from, $to ) ) {
		throw failed( "$from could not be moved to $to" );
	}
	return array( 'path' => $to );
}

/**
 * Writes a file with its parents.
 *
 * @param string $path Absolute.
 * @param string $from Where its content is.
 */
function write_file( string $path, string $from ): array {
	confine( $from );
	if ( ! is_file( $from ) ) {
		throw new Refused( 'not_file', "$from is not a file." );
	}
	copy_tree( $from, $path, 0 );
	return array(
		'path'  => $path,
		'bytes' => filesize( $path ),
	);
}

/**
 * Writes a tree of files into a directory.
 *
 * @param string $path Absolute.
 * @param string $from Where the tree is.
 */
function write_files( string $path, string $from ): array {
	make_directory( $path );
	if ( ! is_dir( $from ) ) {
		// A tree without files is staged as nothing.
		if ( str_starts_with( $from, STAGING . '/' ) && ! file_exists( $from ) ) {
			return array(
				'path'  => $path,
				'files' => 0,
			);
		}
		throw new Refused( 'not_directory', "$from is not a directory." );
	}
	return copy_path( $from, $path );
}
