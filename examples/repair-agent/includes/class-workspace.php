<?php
/**
 * The files under repair.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

use FilesystemIterator;
use RecursiveCallbackFilterIterator;
use RecursiveDirectoryIterator;
use RecursiveIteratorIterator;
use RuntimeException;
use SplFileInfo;
use WP_Error;

/**
 * Lists, reads and writes the sources of one directory, and can put all of them back as they were.
 *
 * The tests are no sources: to edit them would make them pass and repair nothing.
 */
final class Workspace {

	private const MAX_FILES      = 200;
	private const MAX_FILE_BYTES = 262_144;
	private const NOT_OURS       = array( 'vendor', 'node_modules' );

	/**
	 * Content of each source when the workspace was opened, by relative path.
	 *
	 * @var array<string, string>
	 */
	private array $original = array();

	/**
	 * Content of each source now, by relative path.
	 *
	 * @var array<string, string>
	 */
	private array $current = array();

	/**
	 * Use {@see Workspace::open()}.
	 *
	 * @param string $directory  Absolute path without symlinks.
	 * @param string $tests_file Absolute path of the file that runs the tests, beneath the directory.
	 */
	private function __construct( private readonly string $directory, private readonly string $tests_file ) {}

	/**
	 * Opens a directory and reads its sources.
	 *
	 * @param string $root      Directory beneath which the workspace must lie.
	 * @param string $directory Absolute path of the workspace.
	 * @param string $tests     Path of the file that runs the tests, relative to the workspace.
	 */
	public static function open( string $root, string $directory, string $tests ): self|WP_Error {
		$root      = self::resolve( $root );
		$workspace = self::resolve( $directory );

		if ( null === $root || null === $workspace || ! str_starts_with( "$workspace/", "$root/" ) || ! is_dir( $workspace ) ) {
			return self::refuse( 'workspace', __( 'There is no such directory beneath the workspace root.', 'repair-agent' ) );
		}

		$tests_file = self::resolve( "$workspace/$tests" );

		if ( null === $tests_file || ! str_starts_with( $tests_file, "$workspace/" ) || ! is_file( $tests_file ) ) {
			return self::refuse( 'tests', __( 'There is no such file in the workspace.', 'repair-agent' ) );
		}

		$opened = new self( $workspace, $tests_file );
		$paths  = $opened->list_sources();

		if ( count( $paths ) > self::MAX_FILES ) {
			/* translators: %d: number of files. */
			return self::refuse( 'workspace', sprintf( __( 'The workspace has more than %d PHP files.', 'repair-agent' ), self::MAX_FILES ) );
		}

		foreach ( $paths as $path ) {
			$code = file_get_contents( "$workspace/$path", false, null, 0, self::MAX_FILE_BYTES + 1 );

			// A file of this size is data or generated; nobody repairs it by hand.
			if ( is_string( $code ) && strlen( $code ) <= self::MAX_FILE_BYTES ) {
				$opened->original[ $path ] = $code;
			}
		}

		$opened->current = $opened->original;

		return $opened;
	}

	/**
	 * Absolute path of the file that runs the tests.
	 */
	public function tests_file(): string {
		return $this->tests_file;
	}

	/**
	 * The sources as they are now.
	 *
	 * @return array<string, string> Content by relative path.
	 */
	public function sources(): array {
		return $this->current;
	}

	/**
	 * Carries out an edit.
	 *
	 * @param Edit $edit An edit of a source as it is now.
	 */
	public function apply( Edit $edit ): void {
		$this->write( $edit->path, $edit->apply_to( $this->current[ $edit->path ] ) );
	}

	/**
	 * Puts the sources back as they were at some time.
	 *
	 * @param array<string, string>|null $sources What {@see Workspace::sources()} gave then; null for the beginning.
	 */
	public function restore( ?array $sources = null ): void {
		foreach ( $sources ?? $this->original as $path => $code ) {
			if ( $code !== $this->current[ $path ] ) {
				$this->write( $path, $code );
			}
		}
	}

	/**
	 * Sources that differ from what they were when the workspace was opened.
	 *
	 * @return list<string> Relative paths.
	 */
	public function changed(): array {
		return array_keys( array_diff_assoc( $this->current, $this->original ) );
	}

	/**
	 * Writes a source.
	 *
	 * @param string $path Relative path.
	 * @param string $code New content.
	 * @throws RuntimeException If it cannot be written whole.
	 */
	private function write( string $path, string $code ): void {
		$file = "$this->directory/$path";

		// phpcs:ignore WordPress.WP.AlternativeFunctions.file_system_operations_file_put_contents -- The workspace is ours.
		if ( strlen( $code ) !== file_put_contents( $file, $code ) ) {
			// What is there now is unknown: restore() must see a difference.
			$this->current[ $path ] = '';
			throw new RuntimeException( "$path could not be written." );
		}

		$this->current[ $path ] = $code;

		// A runner may include the file itself rather than read it.
		require_once ABSPATH . 'wp-admin/includes/file.php';
		wp_opcache_invalidate( $file, true );
	}

	/**
	 * The PHP files that may be edited, sorted: all but the tests' directory (if the tests lie in the
	 * workspace's own directory, all but that one file), dependencies, hidden files and links.
	 *
	 * @return list<string> Relative paths.
	 */
	private function list_sources(): array {
		$tests_dir = dirname( $this->tests_file );
		$files     = new RecursiveIteratorIterator(
			new RecursiveCallbackFilterIterator(
				new RecursiveDirectoryIterator( $this->directory, FilesystemIterator::SKIP_DOTS ),
				fn( SplFileInfo $entry ): bool =>
					! $entry->isLink()
					&& ! str_starts_with( $entry->getFilename(), '.' )
					&& ! in_array( $entry->getFilename(), self::NOT_OURS, true )
					&& ! in_array( $entry->getPathname(), array( $tests_dir, $this->tests_file ), true )
			)
		);

		$paths = array();

		foreach ( $files as $file ) {
			if ( 'php' === $file->getExtension() ) {
				$paths[] = substr( $file->getPathname(), strlen( $this->directory ) + 1 );
			}
		}

		sort( $paths );

		return $paths;
	}

	/**
	 * A path without symlinks and dots, or null if there is nothing.
	 *
	 * @param string $path Path.
	 */
	private static function resolve( string $path ): ?string {
		$resolved = str_contains( $path, "\0" ) ? false : realpath( $path );

		return false === $resolved ? null : $resolved;
	}

	/**
	 * An error that names the input's field.
	 *
	 * @param string $field   Field.
	 * @param string $message Why it cannot be used.
	 */
	private static function refuse( string $field, string $message ): WP_Error {
		return new WP_Error(
			'repair_agent_input_invalid',
			"$field: $message",
			array(
				'status' => 400,
				'field'  => $field,
			)
		);
	}
}
