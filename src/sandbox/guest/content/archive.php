<?php
/**
 * Unpacking a zip archive that may have been made to do harm.
 */

namespace WP_Codebox\Sandbox\Content;

const MAX_ENTRIES   = 20000;
const MAX_UNPACKED  = 268435456;
/** Unpacked bytes for one packed byte, beyond what every archive may unpack to. */
const MAX_RATIO     = 100;
const RATIO_FREE    = 16777216;

/**
 * Unpacks an archive. Nothing is written before every entry has been looked at.
 *
 * @param string $archive Absolute.
 * @param string $into    Absolute.
 */
function unzip( string $archive, string $into ): array {
	confine( $archive );
	$zip = new \ZipArchive();
	if ( ! is_file( $archive ) || true !== $zip->open( $archive, \ZipArchive::RDONLY ) ) {
		throw new Refused( 'archive_invalid', 'The file is not a zip archive, or it is damaged.' );
	}
	$entries = checked_entries( $zip, (int) filesize( $archive ) );
	make_directory( $into );
	$files = 0;
	foreach ( $entries as $index => $entry ) {
		$path = confine( $into . '/' . $entry['name'] );
		if ( $entry['directory'] ) {
			make_directory( $path );
			continue;
		}
		make_directory( dirname( $path ) );
		unpack_entry( $zip, $index, $entry['size'], $path );
		++$files;
	}
	$zip->close();
	return array(
		'path'  => $into,
		'files' => $files,
	);
}

/**
 * Every entry by its index, or a refusal.
 *
 * @param \ZipArchive $zip    An open archive.
 * @param int         $packed Its size.
 * @return array<int, array{ name: string, size: int, directory: bool }>
 */
function checked_entries( \ZipArchive $zip, int $packed ): array {
	$count = $zip->count();
	if ( $count > MAX_ENTRIES ) {
		throw new Refused( 'archive_entries', sprintf( 'The archive has %d entries; at most %d are unpacked.', $count, MAX_ENTRIES ) );
	}
	$entries = array();
	$names   = array();
	$total   = 0;
	for ( $index = 0; $index < $count; $index++ ) {
		$stat = $zip->statIndex( $index );
		if ( false === $stat ) {
			throw new Refused( 'archive_invalid', 'An entry of the archive cannot be read.' );
		}
		$name      = $stat['name'];
		$directory = str_ends_with( $name, '/' );
		$plain     = $directory ? substr( $name, 0, -1 ) : $name;
		$mode      = 0;
		if ( $zip->getExternalAttributesIndex( $index, $system, $attributes ) && \ZipArchive::OPSYS_UNIX === $system ) {
			$mode = ( $attributes >> 16 ) & 0170000;
		}
		$kind_fits = 0 === $mode || 0100000 === $mode && ! $directory || 0040000 === $mode && $directory;
		if ( ! is_plain_name( $plain ) || ! $kind_fits || 0 !== ( $stat['encryption_method'] ?? 0 ) || isset( $names[ $plain ] ) ) {
			throw new Refused( 'archive_unsafe', sprintf( 'The archive has an unsafe entry: %s.', addcslashes( substr( $name, 0, 100 ), "\0..\37\177..\377" ) ) );
		}
		$names[ $plain ] = true;
		$total          += $stat['size'];
		$entries[]       = array(
			'name'      => $plain,
			'size'      => $stat['size'],
			'directory' => $directory,
		);
	}
	if ( $total > MAX_UNPACKED || $total > max( RATIO_FREE, $packed * MAX_RATIO ) ) {
		throw new Refused( 'archive_bomb', 'The archive unpacks to more than it may.' );
	}
	return $entries;
}

/**
 * Whether a name leads to something beneath the directory that is unpacked into.
 *
 * @param string $name An entry's.
 */
function is_plain_name( string $name ): bool {
	if ( '' === $name || strlen( $name ) > 1024 || preg_match( '/[\x00-\x1f\x7f\\\\]/', $name ) ) {
		return false;
	}
	foreach ( explode( '/', $name ) as $segment ) {
		if ( in_array( $segment, array( '', '.', '..' ), true ) ) {
			return false;
		}
	}
	return true;
}

/**
 * Writes one entry: no more than it has announced.
 *
 * @param \ZipArchive $zip   An open archive.
 * @param int         $index Of the entry.
 * @param int         $size  What the entry says.
 * @param string      $path  Where to.
 */
function unpack_entry( \ZipArchive $zip, int $index, int $size, string $path ): void {
	$from = $zip->getStreamIndex( $index );
	$to   = @fopen( $path, 'wb' );
	if ( false === $to ) {
		throw failed( "$path could not be written" );
	}
	$copied = false === $from ? -1 : stream_copy_to_stream( $from, $to, $size + 1 );
	fclose( $to );
	if ( $copied !== $size ) {
		throw new Refused( 'archive_invalid', 'The data of an entry is damaged, or is not what the archive says.' );
	}
}
