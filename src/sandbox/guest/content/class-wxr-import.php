<?php
/**
 * Imports what WordPress's exporter has written.
 */

namespace WP_Codebox\Sandbox\Content;

require_once ABSPATH . 'wp-admin/includes/post.php';
require_once __DIR__ . '/class-wxr-addresses.php';
require_once __DIR__ . '/class-wxr-reader.php';

/**
 * One import. Rows keep their numbers where these are free; what refers to them follows where not.
 */
final class Wxr_Import {

	/**
	 * Posts of one file.
	 */
	private const MAX_POSTS = 100000;

	/**
	 * What an editor's browser or a cache has left.
	 */
	private const META_LEFT_OUT = array( '_edit_lock', '_encloseme', '_pingme' );

	/**
	 * The local user of each author.
	 *
	 * @var array<string, int>
	 */
	private array $authors = array();

	/**
	 * The local term of each of the file's.
	 *
	 * @var array<int, int>
	 */
	private array $terms = array();

	/**
	 * The local post of each of the file's.
	 *
	 * @var array<int, int>
	 */
	private array $posts = array();

	/**
	 * The parent, as the file numbers posts, of each local post.
	 *
	 * @var array<int, int>
	 */
	private array $parents = array();

	/**
	 * Parents of terms that may come later: taxonomy, child's id, parent's slug.
	 *
	 * @var array<array{string, int, string}>
	 */
	private array $term_parents = array();

	/**
	 * Local posts of which a field names another post or term.
	 *
	 * @var int[]
	 */
	private array $thumbnails = array();

	/**
	 * Local menu items.
	 *
	 * @var int[]
	 */
	private array $menu_items = array();

	/**
	 * This site's addresses in place of the exported one's.
	 */
	private Wxr_Addresses $addresses;

	/**
	 * The user of authors that are nobody here.
	 */
	private int $default_author;

	/**
	 * What was done.
	 *
	 * @var array<string, int>
	 */
	private array $counts = array(
		'authors'     => 0,
		'terms'       => 0,
		'posts'       => 0,
		'attachments' => 0,
		'comments'    => 0,
		'skipped'     => 0,
	);

	/**
	 * Prepares an import.
	 *
	 * @param array<string, mixed> $task The host's task.
	 */
	public function __construct( private readonly array $task ) {
		$this->default_author = $this->local_user( $task['defaultAuthor'] );
		$this->addresses      = new Wxr_Addresses( $task['rewriteUrls'], $task['urlMapping'] );
	}

	/**
	 * Imports the file.
	 *
	 * @return array<string, int> What was done.
	 */
	public function run(): array {
		$file = confine( $this->task['file'] );
		if ( ! is_file( $file ) ) {
			throw new Refused( 'not_file', "$file is not a file." );
		}
		if ( ! defined( 'WP_IMPORTING' ) ) {
			define( 'WP_IMPORTING', true );
		}
		wp_defer_term_counting( true );
		wp_defer_comment_counting( true );
		do_action( 'import_start' );
		foreach ( new Wxr_Reader( $file ) as $name => $element ) {
			$fields = $element->children( 'wp', true );
			match ( $name ) {
				'wp:base_site_url', 'wp:base_blog_url' => $this->addresses->of_site( (string) $element ),
				'wp:author'   => $this->author( $fields ),
				'wp:category' => $this->term( 'category', $fields->category_nicename, $fields->cat_name, $fields->category_parent, $fields->category_description, $fields ),
				'wp:tag'      => $this->term( 'post_tag', $fields->tag_slug, $fields->tag_name, '', $fields->tag_description, $fields ),
				'wp:term'     => $this->term( (string) $fields->term_taxonomy, $fields->term_slug, $fields->term_name, $fields->term_parent, $fields->term_description, $fields ),
				'item'        => $this->post( $element, $fields ),
				default       => null,
			};
		}
		$this->refer();
		wp_defer_term_counting( false );
		wp_defer_comment_counting( false );
		foreach ( get_taxonomies() as $taxonomy ) {
			delete_option( "{$taxonomy}_children" );
			_get_term_hierarchy( $taxonomy );
		}
		do_action( 'import_end' );
		return $this->counts;
	}

	/**
	 * The user of a login.
	 *
	 * @param string $login A login.
	 */
	private function local_user( string $login ): int {
		$user = get_user_by( 'login', $login );
		if ( false === $user ) {
			throw new Refused( 'user_missing', sprintf( 'There is no user %s.', $login ) );
		}
		return $user->ID;
	}

	/**
	 * Finds the local user of an author, or makes one.
	 *
	 * @param \SimpleXMLElement $fields The author's.
	 */
	private function author( \SimpleXMLElement $fields ): void {
		$login = (string) $fields->author_login;
		$mode  = $this->task['authors'];
		if ( 'map' === $mode && isset( $this->task['authorsMap'][ $login ] ) ) {
			$this->authors[ $login ] = $this->local_user( $this->task['authorsMap'][ $login ] );
		}
		if ( 'create' !== $mode || '' === $login ) {
			return;
		}
		$user = get_user_by( 'login', $login );
		if ( false === $user ) {
			$made = must(
				wp_insert_user(
					wp_slash(
						array(
							'user_login'   => $login,
							'user_pass'    => wp_generate_password( 32 ),
							'user_email'   => (string) $fields->author_email,
							'display_name' => (string) $fields->author_display_name,
							'first_name'   => (string) $fields->author_first_name,
							'last_name'    => (string) $fields->author_last_name,
						)
					)
				)
			);
			++$this->counts['authors'];
		}
		$this->authors[ $login ] = $made ?? $user->ID;
	}

	/**
	 * Finds a term, or makes it.
	 *
	 * @param string            $taxonomy    A taxonomy's name.
	 * @param string            $slug        The term's.
	 * @param string            $name        The term's.
	 * @param string            $parent_slug Empty: none.
	 * @param string            $description The term's.
	 * @param \SimpleXMLElement $fields      With the number and the meta fields.
	 */
	private function term( string $taxonomy, string $slug, string $name, string $parent_slug, string $description, \SimpleXMLElement $fields ): void {
		if ( ! taxonomy_exists( $taxonomy ) ) {
			++$this->counts['skipped'];
			return;
		}
		$found = term_exists( $slug, $taxonomy );
		if ( ! $found ) {
			$found = must( wp_insert_term( wp_slash( $name ), $taxonomy, wp_slash( compact( 'slug', 'description' ) ) ) );
			++$this->counts['terms'];
			foreach ( $fields->termmeta as $meta ) {
				$this->add_meta( 'term', (int) $found['term_id'], $meta );
			}
		}
		$id = (int) $found['term_id'];
		if ( '' !== $parent_slug ) {
			$this->term_parents[] = array( $taxonomy, $id, $parent_slug );
		}
		$this->terms[ (int) (string) $fields->term_id ] = $id;
	}

	/**
	 * Makes a post, with its terms, meta fields and comments.
	 *
	 * @param \SimpleXMLElement $item   The item.
	 * @param \SimpleXMLElement $fields Those of WordPress.
	 */
	private function post( \SimpleXMLElement $item, \SimpleXMLElement $fields ): void {
		$number = (int) (string) $fields->post_id;
		$type   = (string) $fields->post_type;
		if ( count( $this->posts ) >= self::MAX_POSTS ) {
			throw new Refused( 'wxr_posts', sprintf( 'The file has more than %d posts.', self::MAX_POSTS ) );
		}
		if ( ! post_type_exists( $type ) || 'auto-draft' === (string) $fields->status ) {
			++$this->counts['skipped'];
			return;
		}
		$title = (string) $item->title;
		// Every menu item may have the same title and date.
		$there = 'nav_menu_item' === $type ? 0 : post_exists( wp_slash( $title ), '', (string) $fields->post_date, $type );
		if ( $there ) {
			$this->posts[ $number ] = $there;
			++$this->counts['skipped'];
			return;
		}
		$parent = (int) (string) $fields->post_parent;
		$row    = array(
			'import_id'             => $number,
			'post_author'           => $this->authors[ (string) $item->children( 'dc', true )->creator ] ?? $this->default_author,
			'post_date'             => (string) $fields->post_date,
			'post_date_gmt'         => (string) $fields->post_date_gmt,
			'post_content'          => $this->addresses->in( (string) $item->children( 'content', true )->encoded ),
			'post_excerpt'          => $this->addresses->in( (string) $item->children( 'excerpt', true )->encoded ),
			'post_title'            => $title,
			'post_status'           => (string) $fields->status,
			'post_name'             => (string) $fields->post_name,
			'comment_status'        => (string) $fields->comment_status,
			'ping_status'           => (string) $fields->ping_status,
			'guid'                  => (string) $item->guid,
			'post_parent'           => $this->posts[ $parent ] ?? 0,
			'menu_order'            => (int) (string) $fields->menu_order,
			'post_type'             => $type,
			'post_password'         => (string) $fields->post_password,
		);
		if ( 'attachment' === $type ) {
			// Its file stays where it was: the guid leads there.
			$row['guid'] = (string) $fields->attachment_url ?: $row['guid'];
		}
		$id = must( wp_insert_post( wp_slash( $row ), true ) );
		++$this->counts[ 'attachment' === $type ? 'attachments' : 'posts' ];
		$this->posts[ $number ] = $id;
		if ( 0 !== $parent && ! isset( $this->posts[ $parent ] ) ) {
			$this->parents[ $id ] = $parent;
		}
		if ( 'nav_menu_item' === $type ) {
			$this->menu_items[] = $id;
		}
		if ( '1' === (string) $fields->is_sticky ) {
			stick_post( $id );
		}
		$this->categories( $id, $item );
		foreach ( $fields->postmeta as $meta ) {
			$key = (string) $meta->meta_key;
			if ( in_array( $key, self::META_LEFT_OUT, true ) ) {
				continue;
			}
			if ( '_edit_last' === $key ) {
				add_post_meta( $id, $key, $row['post_author'] );
				continue;
			}
			$this->add_meta( 'post', $id, $meta );
			if ( '_thumbnail_id' === $key ) {
				$this->thumbnails[] = $id;
			}
		}
		if ( $this->task['comments'] ) {
			$this->comments( $id, $fields );
		}
	}

	/**
	 * Gives a post its terms. One that the file has not declared is made.
	 *
	 * @param int               $id   The local post.
	 * @param \SimpleXMLElement $item The item.
	 */
	private function categories( int $id, \SimpleXMLElement $item ): void {
		$terms = array();
		foreach ( $item->category as $category ) {
			$taxonomy = (string) $category['domain'];
			// Categories of feeds have no domain.
			if ( '' === $taxonomy || ! taxonomy_exists( $taxonomy ) ) {
				continue;
			}
			$slug  = (string) $category['nicename'];
			$found = term_exists( $slug, $taxonomy );
			if ( ! $found ) {
				$found = must( wp_insert_term( wp_slash( (string) $category ), $taxonomy, compact( 'slug' ) ) );
				++$this->counts['terms'];
			}
			$terms[ $taxonomy ][] = (int) $found['term_id'];
		}
		foreach ( $terms as $taxonomy => $ids ) {
			must( wp_set_post_terms( $id, $ids, $taxonomy ) );
		}
	}

	/**
	 * Makes a post's comments.
	 *
	 * @param int               $id     The local post.
	 * @param \SimpleXMLElement $fields The item's.
	 */
	private function comments( int $id, \SimpleXMLElement $fields ): void {
		$made = array();
		$late = array();
		foreach ( $fields->comment as $comment ) {
			$comment = $comment->children( 'wp', true );
			$parent  = (int) (string) $comment->comment_parent;
			$local   = wp_insert_comment(
				wp_slash(
					array(
						'comment_post_ID'      => $id,
						'comment_author'       => (string) $comment->comment_author,
						'comment_author_email' => (string) $comment->comment_author_email,
						'comment_author_url'   => (string) $comment->comment_author_url,
						'comment_author_IP'    => (string) $comment->comment_author_IP,
						'comment_date'         => (string) $comment->comment_date,
						'comment_date_gmt'     => (string) $comment->comment_date_gmt,
						'comment_content'      => $this->addresses->in( (string) $comment->comment_content ),
						'comment_approved'     => (string) $comment->comment_approved,
						'comment_type'         => (string) $comment->comment_type ?: 'comment',
						'comment_parent'       => $made[ $parent ] ?? 0,
					)
				)
			);
			if ( false === $local ) {
				throw new Refused( 'comment_failed', sprintf( 'A comment of the post %d could not be made.', $id ) );
			}
			++$this->counts['comments'];
			$made[ (int) (string) $comment->comment_id ] = $local;
			if ( 0 !== $parent && ! isset( $made[ $parent ] ) ) {
				$late[ $local ] = $parent;
			}
			foreach ( $comment->commentmeta as $meta ) {
				$this->add_meta( 'comment', $local, $meta );
			}
		}
		foreach ( $late as $local => $parent ) {
			if ( isset( $made[ $parent ] ) ) {
				wp_update_comment(
					array(
						'comment_ID'     => $local,
						'comment_parent' => $made[ $parent ],
					)
				);
			}
		}
	}

	/**
	 * Lets rows refer to what has come after them.
	 */
	private function refer(): void {
		global $wpdb;
		foreach ( $this->parents as $id => $parent ) {
			if ( isset( $this->posts[ $parent ] ) ) {
				$wpdb->update( $wpdb->posts, array( 'post_parent' => $this->posts[ $parent ] ), array( 'ID' => $id ) );
				clean_post_cache( $id );
			}
		}
		foreach ( $this->term_parents as list( $taxonomy, $id, $slug ) ) {
			$parent = get_term_by( 'slug', $slug, $taxonomy );
			if ( $parent && $parent->term_id !== $id ) {
				must( wp_update_term( $id, $taxonomy, array( 'parent' => $parent->term_id ) ) );
			}
		}
		foreach ( $this->thumbnails as $id ) {
			$this->renumber( $id, '_thumbnail_id', $this->posts );
		}
		foreach ( $this->menu_items as $id ) {
			$this->renumber( $id, '_menu_item_menu_item_parent', $this->posts );
			match ( get_post_meta( $id, '_menu_item_type', true ) ) {
				'post_type' => $this->renumber( $id, '_menu_item_object_id', $this->posts ),
				'taxonomy'  => $this->renumber( $id, '_menu_item_object_id', $this->terms ),
				'custom'    => update_post_meta( $id, '_menu_item_object_id', $id ),
				default     => null,
			};
		}
	}

	/**
	 * Lets a meta field name the local row.
	 *
	 * @param int             $id      The local post.
	 * @param string          $key     The field.
	 * @param array<int, int> $numbers Local numbers by the file's.
	 */
	private function renumber( int $id, string $key, array $numbers ): void {
		$number = (int) get_post_meta( $id, $key, true );
		if ( isset( $numbers[ $number ] ) ) {
			update_post_meta( $id, $key, $numbers[ $number ] );
		}
	}

	/**
	 * Adds a meta field with the value that WordPress had.
	 *
	 * @param string            $kind post, term or comment.
	 * @param int               $id   The local row.
	 * @param \SimpleXMLElement $meta The field.
	 */
	private function add_meta( string $kind, int $id, \SimpleXMLElement $meta ): void {
		global $wpdb;
		$key   = (string) $meta->meta_key;
		$text  = (string) $meta->meta_value;
		$value = $text;
		if ( is_serialized( $text ) ) {
			// No class is loaded, so nobody's code runs for an object.
			$value   = @unserialize( trim( $text ), array( 'allowed_classes' => false ) );
			$objects = is_object( $value );
			is_array( $value ) && array_walk_recursive(
				$value,
				function ( $part ) use ( &$objects ) {
					$objects = $objects || is_object( $part );
				}
			);
			if ( $objects ) {
				// WordPress's own functions would change such an object. It is stored as it came.
				$wpdb->insert(
					_get_meta_table( $kind ),
					array(
						"{$kind}_id" => $id,
						'meta_key'   => $key,
						'meta_value' => $text,
					)
				);
				wp_cache_delete( $id, "{$kind}_meta" );
				return;
			}
		}
		add_metadata( $kind, $id, wp_slash( $key ), wp_slash( $this->addresses->in( $value ) ) );
	}
}
